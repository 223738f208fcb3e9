import JournalPort
import PostgreSQL

/// The tables of one shard, in its own schema: `convey_shard_0`, `convey_shard_1`, … (docs/adr/0038-postgresql-journal.md).
///
/// They match the tables of a SQLite journal (ADR 35). External text is stored as `bytea`, because PostgreSQL's `text` cannot hold a NUL
/// character. An id may contain one; a subject cannot.
struct ShardSchema {
    let shard: Int

    var name: String { "convey_shard_\(shard)" }

    /// A table's full name.
    func table(_ table: String) -> String { "\(name).\(table)" }

    var tables: String {
        """
        CREATE SCHEMA \(name);
        -- One row per signal, in record order.
        CREATE TABLE \(table("journal")) (
            position bigint PRIMARY KEY,
            conversation bigint NOT NULL,
            previous bigint NOT NULL,        -- the conversation's record before this one, 0 for the first
            "offset" bigint NOT NULL,        -- in the conversation, from 1
            sequence bigint NOT NULL,        -- in the conversation and family, from 1
            recorded_at bigint NOT NULL,     -- microseconds since 1970
            hash bigint NOT NULL,            -- of the six columns above and of the content's hash
            id bytea,                        -- the columns down to data are NULL in a marker
            source bytea,
            type bytea,
            time bytea,
            cause bytea,                     -- a signal's id
            cause_is_invalid boolean,        -- a cause that no signal can be
            traceparent bytea,
            extensions bytea,
            data bytea,
            applied_position bigint,         -- these four are NULL in any other signal
            apply_order bigint,
            priority bigint,
            digest bigint,
            cipher bytea,                    -- an encrypted signal: id to data without type, which are NULL then
            removed text,                    -- why the content is gone: sealed, expired, erased; id, source and type may be left
            family bigint,                   -- of a signal whose content is gone
            content_hash bigint              -- of a signal whose content is gone, so that hash can be checked
        );
        CREATE TABLE \(table("conversations")) (
            id bigint PRIMARY KEY,
            subject text COLLATE "C" UNIQUE, -- NULL where it is encrypted or was erased
            subject_hash bytea UNIQUE,       -- a keyed hash of an encrypted subject, to find it by
            subject_cipher bytea,
            partition bigint NOT NULL,
            through bigint NOT NULL,         -- the columns below contain the journal up to this position
            head bigint NOT NULL,            -- the newest record
            "offset" bigint NOT NULL,
            in_sequence bigint NOT NULL,
            applied_sequence bigint NOT NULL,
            effect_sequence bigint NOT NULL,
            out_sequence bigint NOT NULL,
            audit_sequence bigint NOT NULL,
            canceled_through bigint NOT NULL,
            state bytea,                     -- NULL where it is encrypted
            state_cipher bytea
        ) WITH (fillfactor = 70);
        -- The key that encrypts a conversation, itself encrypted with a master key. Erasing the conversation destroys it.
        CREATE TABLE \(table("conversation_keys")) (
            conversation bigint PRIMARY KEY,
            master text NOT NULL,
            wrapped bytea NOT NULL
        );
        -- Conversations that were deleted or erased.
        CREATE TABLE \(table("tombstones")) (
            number bigint PRIMARY KEY,
            conversation bigint NOT NULL,
            reason text NOT NULL,
            is_done boolean NOT NULL,
            records bigint NOT NULL,
            hashes bigint NOT NULL,
            "offset" bigint NOT NULL,
            asked_by text,
            note text,
            archive text,
            at bigint NOT NULL
        );
        -- Positions whose rows were deleted, so that they are not taken for lost ones.
        CREATE TABLE \(table("deleted_positions")) (first bigint PRIMARY KEY, last bigint NOT NULL, hashes bigint NOT NULL);
        -- Hash of (subject, id) to position, up to the checkpoint.
        CREATE TABLE \(table("identities")) (hash bigint, position bigint, PRIMARY KEY (hash, position));
        CREATE TABLE \(table("effects")) (
            cause bigint,
            ordinal bigint,
            conversation bigint NOT NULL,
            class text NOT NULL,
            kind text NOT NULL,
            effect_id bytea NOT NULL,
            cause_id bytea NOT NULL,
            attempt bigint NOT NULL,
            round bigint NOT NULL,           -- generations of the answer that ended in tool calls before this effect
            answers bytea,                   -- the id of the message that is answered, where effect_id does not name it
            policy bytea,                    -- effect_policy as it is spelled
            due_at bigint,                   -- when a timer fires, or the next attempt may start; microseconds since 1970
            awaits_approval boolean NOT NULL,
            PRIMARY KEY (cause, ordinal)
        );
        CREATE TABLE \(table("dead_letters")) (
            position bigint PRIMARY KEY, conversation bigint NOT NULL, reason text NOT NULL, at bigint NOT NULL
        );
        CREATE TABLE \(table("pending")) (position bigint PRIMARY KEY);
        CREATE TABLE \(table("partitions")) (partition bigint PRIMARY KEY, apply_order bigint NOT NULL);
        CREATE TABLE \(table("checkpoint")) (through bigint NOT NULL) WITH (fillfactor = 10);
        INSERT INTO \(table("checkpoint")) VALUES (0);
        -- For people with psql.
        CREATE VIEW \(table("signals")) AS
            SELECT j.position, c.subject, j."offset",
                   coalesce(convey.readable(j.type),
                       CASE WHEN j.applied_position IS NOT NULL THEN 'conv.applied.event.applied' END) AS type,
                   coalesce(convey.readable(j.id), 'applied-' || (SELECT tag FROM convey.shard WHERE shard = \(shard))
                       || '-' || j.applied_position) AS id,
                   j.sequence, convey.readable(j.source) AS source, convey.readable(j.cause) AS cause,
                   convey.readable(j.data) AS data, to_timestamp(j.recorded_at / 1000000.0) AS recorded_at,
                   j.applied_position, j.apply_order, j.priority, j.removed
            FROM \(table("journal")) j JOIN \(table("conversations")) c ON c.id = j.conversation;
        """
    }
}
