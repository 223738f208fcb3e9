import JournalPort
import SQLite
import Signals

/// The tables of a shard: format version 1 (docs/adr/0035-journal-format.md). Forward-only migrations derive later
/// versions from them; the text here never changes.
enum Schema {
    /// "Cnv1": distinguishes a Convey journal from other SQLite files.
    static let applicationID: Int64 = 0x436e_7631
    /// "Cnvy": journals of builds that were never released.
    static let unreleasedApplicationID: Int64 = 0x436e_7679
    static let version: Int64 = 1

    /// For the reason for so few indexes see docs/adr/0005-journal-tables.md.
    static let tables = """
        -- One row per signal, in record order.
        CREATE TABLE journal (
            position INTEGER PRIMARY KEY,
            conversation INTEGER NOT NULL,
            previous INTEGER NOT NULL,      -- the conversation's record before this one, 0 for the first
            offset INTEGER NOT NULL,        -- in the conversation, from 1
            sequence INTEGER NOT NULL,      -- in the conversation and family, from 1
            recorded_at INTEGER NOT NULL,   -- microseconds since 1970
            hash INTEGER NOT NULL,          -- of the six columns above and of the content's hash
            id TEXT,                        -- the columns down to data are NULL in a marker
            source TEXT,
            type TEXT,
            time TEXT,
            cause ANY,                      -- a signal's id; 0 for a cause that no signal can be
            traceparent TEXT,
            extensions TEXT,
            data TEXT,
            applied_position INTEGER,       -- these four are NULL in any other signal
            apply_order INTEGER,
            priority INTEGER,
            digest INTEGER,
            cipher BLOB,                    -- an encrypted signal: id to data without type, which are NULL then
            removed TEXT,                   -- why the content is gone: sealed, expired, erased; id, source and type may be left
            family INTEGER,                 -- of a signal whose content is gone
            content_hash INTEGER            -- of a signal whose content is gone, so that hash can be checked
        ) STRICT;

        CREATE TABLE conversations (
            id INTEGER PRIMARY KEY,
            subject TEXT UNIQUE,            -- NULL where it is encrypted or was erased
            subject_hash BLOB,              -- a keyed hash of an encrypted subject, to find it by
            subject_cipher BLOB,
            partition INTEGER NOT NULL,
            through INTEGER NOT NULL,       -- the columns below contain the journal up to this position
            head INTEGER NOT NULL,          -- the newest record
            offset INTEGER NOT NULL,
            in_sequence INTEGER NOT NULL,
            applied_sequence INTEGER NOT NULL,
            effect_sequence INTEGER NOT NULL,
            out_sequence INTEGER NOT NULL,
            audit_sequence INTEGER NOT NULL,
            canceled_through INTEGER NOT NULL,
            state TEXT,                     -- NULL where it is encrypted
            state_cipher BLOB
        ) STRICT;
        CREATE UNIQUE INDEX conversations_subject_hash ON conversations (subject_hash) WHERE subject_hash IS NOT NULL;

        -- The key that encrypts a conversation, itself encrypted with a master key. Erasing the conversation destroys it.
        CREATE TABLE conversation_keys (
            conversation INTEGER PRIMARY KEY,
            master TEXT NOT NULL,           -- which master key
            wrapped BLOB NOT NULL
        ) STRICT;

        -- Conversations that were deleted or erased: proves what was there, and says what must still be done when it was interrupted.
        CREATE TABLE tombstones (
            number INTEGER PRIMARY KEY,     -- random: says nothing about the conversation
            conversation INTEGER NOT NULL,
            reason TEXT NOT NULL,           -- expired, erased
            is_done INTEGER NOT NULL,
            records INTEGER NOT NULL,
            hashes INTEGER NOT NULL,        -- the sum of the records' hashes
            offset INTEGER NOT NULL,        -- where the conversation goes on if it comes back
            asked_by TEXT,
            note TEXT,
            archive TEXT,                   -- the file that has the records
            at INTEGER NOT NULL             -- microseconds since 1970
        ) STRICT;

        -- Positions whose rows were deleted, so that they are not taken for lost ones.
        CREATE TABLE deleted_positions (
            first INTEGER PRIMARY KEY,
            last INTEGER NOT NULL,
            hashes INTEGER NOT NULL         -- the sum of the records' hashes
        ) STRICT;

        -- Hash of (subject, id) to position, up to the checkpoint.
        CREATE TABLE identities (
            hash INTEGER NOT NULL,
            position INTEGER NOT NULL,
            PRIMARY KEY (hash, position)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE effects (
            cause INTEGER NOT NULL,
            ordinal INTEGER NOT NULL,
            conversation INTEGER NOT NULL,
            class TEXT NOT NULL,
            kind TEXT NOT NULL,
            effect_id TEXT NOT NULL,
            cause_id TEXT NOT NULL,
            attempt INTEGER NOT NULL,
            round INTEGER NOT NULL,         -- generations of the answer that ended in tool calls before this effect
            answers TEXT,                   -- the id of the message that is answered, where effect_id does not name it
            policy TEXT,                    -- effect_policy as it is spelled
            due_at INTEGER,                 -- when a timer fires, or the next attempt may start; microseconds since 1970
            awaits_approval INTEGER NOT NULL,
            PRIMARY KEY (cause, ordinal)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE dead_letters (
            position INTEGER PRIMARY KEY,
            conversation INTEGER NOT NULL,
            reason TEXT NOT NULL,
            at INTEGER NOT NULL
        ) STRICT;

        CREATE TABLE pending (position INTEGER PRIMARY KEY) STRICT;
        CREATE TABLE partitions (partition INTEGER PRIMARY KEY, apply_order INTEGER NOT NULL) STRICT;

        -- start: records up to here were deleted. probe: written to see whether writing works.
        CREATE TABLE cursors (name TEXT PRIMARY KEY, position INTEGER NOT NULL) STRICT, WITHOUT ROWID;
        INSERT INTO cursors (name, position) VALUES ('start', 0), ('checkpoint', 0), ('outbox', 0), ('probe', 0);

        -- journal: the same in all shards. shard, shards, partitions, tag: see ShardSettings. wal…: see WholenessMark.
        CREATE TABLE settings (name TEXT PRIMARY KEY, value ANY NOT NULL) STRICT, WITHOUT ROWID;
        INSERT INTO settings (name, value) VALUES ('wal', 0), ('wal_schema', 0), ('wal_bytes', 0);

        -- For people with a SQLite shell.
        CREATE VIEW signals AS
            SELECT j.position, c.subject, j.offset,
                   coalesce(j.type, CASE WHEN j.applied_position IS NOT NULL THEN 'conv.applied.event.applied' END) AS type,
                   coalesce(
                       j.id, 'applied-' || (SELECT value FROM settings WHERE name = 'tag') || '-' || j.applied_position) AS id,
                   j.sequence, j.source, j.cause, j.data,
                   datetime(j.recorded_at / 1000000, 'unixepoch') AS recorded_at,
                   j.applied_position, j.apply_order, j.priority, j.removed
            FROM journal j JOIN conversations c ON c.id = j.conversation;
        """

    /// Refuses a database that this version cannot read.
    static func check(_ database: Database) throws(JournalError) {
        let found = try database.number("PRAGMA user_version")
        let application = try database.number("PRAGMA application_id")
        guard application == applicationID else {
            throw JournalError(.cannotOpen, "\(database.path) is not a Convey journal")
        }
        guard found <= version else {
            throw JournalError(
                .newerVersion,
                "\(database.path) was written by a newer Convey (journal version \(found), this one knows \(version)); "
                    + "use that version")
        }
        guard found == version else {
            throw JournalError(
                .cannotOpen,
                "\(database.path) has journal version \(found), and this Convey reads \(version); "
                    + "start convey serve on it once to bring it up to date")
        }
    }

    /// Fills an empty database.
    static func create(in database: Database, _ settings: ShardSettings) throws(JournalError) {
        try database.execute("PRAGMA synchronous = FULL")
        try database.execute("BEGIN IMMEDIATE")
        do {
            try database.execute(tables)
            try settings.insert(into: database)
            try database.execute("PRAGMA user_version = \(version)")
            try database.execute("PRAGMA application_id = \(applicationID)")
            try database.execute("COMMIT")
        } catch {
            database.rollback()
            throw error
        }
        _ = try database.text("PRAGMA journal_mode = WAL")
    }
}
