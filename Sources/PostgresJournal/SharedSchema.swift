import JournalPort
import PostgreSQL

/// The tables that all shards share, in the schema `convey`: the settings of the journal, and the owner of each shard.
enum SharedSchema {
    /// Increases with each change of any table. See `Migrations`.
    static let version = 1

    /// The row of a shard changes very often. The low fill factor leaves room for the next version of a row on the same page, and early
    /// vacuums keep the table small.
    static let tables = """
        CREATE SCHEMA convey;
        CREATE TABLE convey.settings (name text PRIMARY KEY, value text NOT NULL);
        CREATE TABLE convey.shard (
            shard integer PRIMARY KEY,
            tag text NOT NULL,
            epoch bigint NOT NULL DEFAULT 0,     -- grows with each takeover
            node text,                           -- who took it over last
            backend integer,                     -- the owner's process at the server
            lease_until timestamptz NOT NULL DEFAULT '-infinity',
            outbox bigint NOT NULL DEFAULT 0,    -- everything up to here was acknowledged by the broker
            started bigint NOT NULL DEFAULT 0    -- records up to here were deleted
        ) WITH (fillfactor = 10, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
        -- The processes that share the journal.
        CREATE TABLE convey.node (
            node text PRIMARY KEY,
            version text NOT NULL,
            http text,
            started timestamptz NOT NULL,
            seen timestamptz NOT NULL
        ) WITH (fillfactor = 10);
        CREATE FUNCTION convey.readable(value bytea) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
        BEGIN
            RETURN convert_from(value, 'UTF8');
        EXCEPTION WHEN OTHERS THEN
            RETURN encode(value, 'escape');
        END $$;
        """
}
