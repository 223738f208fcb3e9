import Glibc
import JournalPort
import PostgreSQL
import Threads

/// Takes a shard over for this process, on the connection that the owner will use (SCALE: "Ownership and the fence").
///
/// The order matters. The first step is the session's lock, which is free as soon as the owner has crashed. The second step is the UPDATE of
/// the shard's row: it waits for a commit of the former owner that is still running, and makes all later ones fail. Only then is the
/// journal read.
struct Takeover {
    let url: DatabaseURL
    let shard: Int
    /// The name of this node, for people.
    let node: String

    struct Result {
        var connection: Connection
        var epoch: Int64
        /// The time of the request for the lease.
        var askedAt: Lease.Moment
    }

    /// The first key of the locks: "Cnv1". The second is the shard.
    static let lockClass: Int64 = 0x436e_7631
    /// Retries, because the server frees the lock of a terminated backend only a moment later.
    private static let lockAttempts = 25
    private static let lockPauseMicroseconds: UInt32 = 20_000
    /// An owner that has lost its connection notices this within a tick of its engine (250 ms), and stops publishing.
    private static let graceMicroseconds: Int64 = 400_000

    /// - Parameter ownEpoch: the epoch under which this process owned the shard before, so that its old connection is ended; 0 for none.
    /// - Throws: `ownedElsewhere` while another process owns it.
    func run(ownEpoch: Int64) throws(JournalError) -> Result {
        let attempt: Attempt
        do {
            attempt = try take(ownEpoch)
        } catch {
            throw JournalError(error)
        }
        switch attempt {
        case .taken(let result): return result
        case .owned(let node): throw owned(by: node)
        }
    }

    /// Throws `ownedElsewhere` if another process owns the shard and its lease is valid.
    func refuseOwned(_ session: PoolSession) throws(JournalError) {
        let rows = try session.run(
            Call(
                """
                SELECT node FROM convey.shard WHERE shard = $1 AND lease_until >= now() AND EXISTS (
                    SELECT 1 FROM pg_catalog.pg_locks l
                    JOIN pg_catalog.pg_database d ON d.oid = l.database AND d.datname = current_database()
                    WHERE l.locktype = 'advisory' AND l.classid::bigint = $2 AND l.objid::bigint = $1 AND l.objsubid = 2
                        AND l.granted)
                """, [.integer(Int64(shard)), .integer(Self.lockClass)]))
        if !rows.isEmpty { throw owned(by: rows.text(0, 0)) }
    }

    private func owned(by node: String?) -> JournalError {
        JournalError(.ownedElsewhere, "shard \(shard) is owned by node \(node ?? "unknown")")
    }

    private enum Attempt {
        case taken(Result)
        /// The node that owns the shard.
        case owned(String?)
    }

    private func take(_ ownEpoch: Int64) throws(PostgresError) -> Attempt {
        let connection = try Connection.open(url, application: "convey-shard-\(shard)")
        let owner = try connection.run([
            Call(
                """
                SELECT pg_terminate_backend(a.pid) FROM pg_catalog.pg_stat_activity a JOIN convey.shard s
                    ON a.pid = s.backend AND a.application_name = 'convey-shard-' || s.shard
                WHERE s.shard = $1 AND (s.lease_until < now() OR s.epoch = $2)
                """, [.integer(Int64(shard)), .integer(ownEpoch)]),
            Call(
                "SELECT node, lease_until < now() OR epoch = $2 FROM convey.shard WHERE shard = $1",
                [.integer(Int64(shard)), .integer(ownEpoch)]),
        ])[1]
        guard !owner.isEmpty else {
            throw PostgresError(.server("42P01"), "convey.shard has no row for shard \(shard)")
        }
        let isFree = owner.isTrue(0, 1)
        guard try lock(connection, patiently: isFree) else { return .owned(owner.text(0, 0)) }
        let lockedAt = Clocks.monotonicMicroseconds()
        let asked = Lease.Moment.now
        let epoch = try connection.run([
            Call("BEGIN"), Call("SET LOCAL lock_timeout = '1s'"),
            Call(
                """
                UPDATE convey.shard SET epoch = epoch + 1, node = $2, backend = pg_backend_pid(),
                    lease_until = now() + $3 * interval '1 second' WHERE shard = $1 RETURNING epoch
                """,
                [.integer(Int64(shard)), .text(node), .integer(Lease.duration.components.seconds)]),
            Call("COMMIT"),
        ])[2].integer(0, 0)
        if let warning = connection.warnings.first {
            // The takeover is not on the standby yet, and neither is what stands before it.
            connection.close()
            throw PostgresError(.warned, "COMMIT: \(warning)")
        }
        if !isFree { wait(until: lockedAt + Self.graceMicroseconds) }
        return .taken(Result(connection: connection, epoch: epoch, askedAt: asked))
    }

    private func lock(_ connection: Connection, patiently: Bool) throws(PostgresError) -> Bool {
        for attempt in 1... {
            let rows = try connection.run([
                Call(
                    "SELECT pg_try_advisory_lock($1::int, $2::int)", [.integer(Self.lockClass), .integer(Int64(shard))])
            ])
            if rows[0].isTrue(0, 0) { return true }
            guard patiently, attempt < Self.lockAttempts else { return false }
            usleep(Self.lockPauseMicroseconds)
        }
        return false
    }

    private func wait(until time: Int64) {
        let left = time - Clocks.monotonicMicroseconds()
        if left > 0 { usleep(UInt32(left)) }
    }
}
