import Glibc
import JournalPort
import SQLite

/// The journal's tables. Migrations are numbered from 1, only go forward, and are never changed once released.
enum Schema {
    /// "Cnvy": tells a Convey journal from other SQLite files.
    static let applicationID: Int64 = 0x436e_7679

    static var version: Int64 { Int64(migrations.count) }

    /// Why so few indexes: docs/adr/0005-journal-tables.md.
    static let migrations = [
        """
        -- One row a signal, in record order; never updated, never deleted.
        CREATE TABLE journal (
            position INTEGER PRIMARY KEY,
            conversation INTEGER NOT NULL,
            previous INTEGER NOT NULL,      -- the conversation's record before this one, 0 for the first
            offset INTEGER NOT NULL,        -- in the conversation, from 1
            sequence INTEGER NOT NULL,      -- in the conversation and family, from 1
            recorded_at INTEGER NOT NULL,   -- microseconds since 1970
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
            digest INTEGER
        ) STRICT;

        CREATE TABLE conversations (
            id INTEGER PRIMARY KEY,
            subject TEXT NOT NULL UNIQUE,
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
            state TEXT NOT NULL
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
        CREATE TABLE cursors (name TEXT PRIMARY KEY, position INTEGER NOT NULL) STRICT, WITHOUT ROWID;
        INSERT INTO cursors VALUES ('checkpoint', 0), ('outbox', 0), ('probe', 0);

        CREATE TABLE settings (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;

        -- For people with a SQLite shell.
        CREATE VIEW signals AS
            SELECT j.position, c.subject, j.offset,
                   coalesce(j.type, 'conv.applied.event.applied') AS type,
                   coalesce(j.id, 'applied-' || j.applied_position) AS id,
                   j.sequence, j.source, j.cause, j.data,
                   datetime(j.recorded_at / 1000000, 'unixepoch') AS recorded_at,
                   j.applied_position, j.apply_order, j.priority
            FROM journal j JOIN conversations c ON c.id = j.conversation;
        """,
        """
        -- Generations of the answer that ended in tool calls before this effect.
        ALTER TABLE effects ADD COLUMN round INTEGER NOT NULL DEFAULT 0;
        -- The id of the message that is answered, where the effect's own id does not name it.
        ALTER TABLE effects ADD COLUMN answers TEXT;
        -- effect_policy as it is spelled.
        ALTER TABLE effects ADD COLUMN policy TEXT;
        -- When a timer fires, before when no attempt is made; microseconds since 1970.
        ALTER TABLE effects ADD COLUMN due_at INTEGER;
        ALTER TABLE effects ADD COLUMN awaits_approval INTEGER NOT NULL DEFAULT 0;
        """,
        """
        -- RecordDigest of all other columns; NULL in what was recorded before this migration.
        ALTER TABLE journal ADD COLUMN record_digest INTEGER;
        -- WholenessMark.
        INSERT INTO settings VALUES ('wal', 0), ('wal_schema', 0), ('wal_bytes', 0);
        """,
    ]

    /// Refuses a database that this version cannot read as it is.
    static func check(_ database: Database) throws(JournalError) {
        let found = try foundVersion(database)
        guard found == version else {
            throw JournalError(
                .cannotOpen,
                "\(database.path) has journal version \(found), and this Convey reads \(version); "
                    + "start convey serve on it once to bring it up to date")
        }
    }

    /// Makes a journal in a file of its own and puts it in place once it is whole: whatever ends this in the middle, there is
    /// a journal or none.
    static func create(_ path: String, partitionCount: Int) throws(JournalError) {
        let draft = path + ".new"
        for suffix in ["", "-journal", "-wal", "-shm"] { unlink(draft + suffix) }
        do {
            try fill(draft, partitionCount: partitionCount)
        } catch {
            for suffix in ["", "-journal", "-wal", "-shm"] { unlink(draft + suffix) }
            throw error
        }
        guard rename(draft, path) == 0 else { throw JournalError(systemError: errno, "cannot make \(path)") }
        try syncDirectory(of: path)
    }

    private static func fill(_ draft: String, partitionCount: Int) throws(JournalError) {
        let database = try Database(path: draft, mode: .create)
        try database.execute("PRAGMA synchronous = FULL")
        try migrate(database, partitionCount: partitionCount)
        _ = try database.text("PRAGMA journal_mode = WAL")
    }

    private static func syncDirectory(of path: String) throws(JournalError) {
        let directory = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        let file = open(directory.isEmpty ? "/" : directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard file >= 0 else { throw JournalError(systemError: errno, "cannot open \(directory)") }
        defer { close(file) }
        guard fsync(file) == 0 else {
            throw JournalError(.syncFailed, "\(directory): \(String(cString: strerror(errno)))")
        }
    }

    /// Brings a database to the newest version.
    static func migrate(_ database: Database, partitionCount: Int) throws(JournalError) {
        let found = try foundVersion(database)
        for (index, migration) in migrations.enumerated() where Int64(index) >= found {
            try database.execute("BEGIN IMMEDIATE")
            do {
                try database.execute(migration)
                if index == 0 {
                    try database.execute("INSERT INTO settings VALUES ('partitions', \(partitionCount))")
                }
                try database.execute("PRAGMA user_version = \(index + 1)")
                try database.execute("PRAGMA application_id = \(applicationID)")
                try database.execute("COMMIT")
            } catch {
                database.rollback()
                throw error
            }
        }
    }

    /// The version of a database's tables, 0 when it is empty. Throws when it is not ours, or newer.
    private static func foundVersion(_ database: Database) throws(JournalError) -> Int64 {
        let found = try database.number("PRAGMA user_version")
        let application = try database.number("PRAGMA application_id")
        guard application == applicationID || (application == 0 && found == 0) else {
            throw JournalError(.cannotOpen, "\(database.path) is not a Convey journal")
        }
        guard found <= version else {
            throw JournalError(
                .newerVersion,
                "\(database.path) was written by a newer Convey (journal version \(found), this one knows \(version)); "
                    + "use that version")
        }
        return found
    }
}
