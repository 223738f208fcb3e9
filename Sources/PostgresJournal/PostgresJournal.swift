import JournalPort
import PostgreSQL
import Signals
import Threads

/// A shard of a journal in PostgreSQL, owned by this process until another one takes it over.
///
/// Every commit ends with a fence: a statement that fails if the shard's epoch has changed since the takeover. So a process that was stopped
/// while another one took over cannot write when it wakes. Any failure closes the connection, because the outcome of a commit may be
/// unknown. `probe` then takes the shard over again before it reads anything. That takeover waits for a commit that is still running.
final class PostgresJournal: Journal, ShardTables {
    let partitionCount: Int
    let shard: Shard
    private(set) var epoch: Int64
    private(set) var bytes = 0
    var lease: (any JournalLease)? { ownLease }

    private let takeover: Takeover
    private let pool: ConnectionPool
    private let schema: ShardSchema
    private let session = OwnerSession()
    let reads: ShardReads
    private let ownLease = Lease()
    private var identities: IdentityFilter
    /// The cursor that the broker has acknowledged, and the one that was written. The cursor is written with the lease and not with each
    /// commit, because a row that changes ten thousand times between two vacuums slows down every commit. After a crash some events are
    /// published again with the same ids.
    private var outbox: (acknowledged: Position, written: Position)
    /// The times of the last renewal of the lease and the last reading of the size (microseconds, monotonic).
    private var renewedAt: Int64
    private var measuredAt = Int64.min

    private static let renewalMicroseconds: Int64 = 1_000_000
    private static let cursorMicroseconds: Int64 = 250_000
    private static let measureMicroseconds: Int64 = 30_000_000

    /// Takes the shard over.
    /// - Throws: `ownedElsewhere` while another process owns it.
    init(_ takeover: Takeover, partitions: Int, shard: Shard, pool: ConnectionPool) throws(JournalError) {
        self.takeover = takeover
        self.pool = pool
        self.shard = shard
        partitionCount = partitions
        schema = ShardSchema(shard: shard.index)
        reads = ShardReads(session, schema)
        let taken = try takeover.run(ownEpoch: 0)
        epoch = taken.epoch
        session.connection = taken.connection
        renewedAt = Clocks.monotonicMicroseconds()
        ownLease.prolong(askedAt: taken.askedAt)
        identities = try IdentityFilter(reads)
        outbox = (.start, .start)
    }

    // MARK: Writing

    func commit(_ batch: JournalBatch) throws(JournalError) {
        if let cursor = batch.outboxCursor { outbox.acknowledged = max(outbox.acknowledged, cursor) }
        var rest = batch
        rest.outboxCursor = nil
        // An empty batch ends no transaction here, and the cursor can wait for the next commit.
        guard !rest.isEmpty || isRenewalDue() else { return }
        try write(BatchStatements(rest, schema).calls)
        identities.insert(batch.identities)
    }

    /// Runs statements as one transaction, in one round trip.
    private func write(_ statements: [Call]) throws(JournalError) {
        guard let connection = session.connection else {
            throw JournalError(.inputOutput, "there is no connection to PostgreSQL")
        }
        let now = Clocks.monotonicMicroseconds()
        let asked = Lease.Moment.now
        let renews = isRenewalDue()
        let cursor = outbox.acknowledged
        let calls =
            [Self.begin] + statements + (renews ? [renewal(outbox: cursor, lasting: Lease.duration)] : []) + [
                fence, Self.end,
            ]
        do throws(PostgresError) {
            _ = try connection.run(calls)
            // If a commit did not wait for its standby, the server sends a warning and no error.
            if let warning = connection.warnings.first { throw PostgresError(.warned, "COMMIT: \(warning)") }
        } catch {
            throw lost(error)
        }
        guard renews else { return }
        outbox.written = cursor
        renewedAt = now
        ownLease.prolong(askedAt: asked)
    }

    private static let begin = Call("BEGIN")
    private static let end = Call("COMMIT")

    /// Fails with a division by zero if the shard has another owner; an UPDATE that matches no row would not fail. It is the last statement
    /// before the commit, and its row lock prevents a takeover between the two.
    private var fence: Call {
        Call(
            """
            SELECT 1 / count(*) FROM (
                SELECT 1 FROM convey.shard WHERE shard = $1 AND epoch = $2 FOR NO KEY UPDATE
            ) AS owned
            """, [.integer(Int64(shard.index)), .integer(epoch)])
    }

    private func renewal(outbox: Position, lasting: Duration) -> Call {
        Call(
            """
            UPDATE convey.shard SET lease_until = now() + $3 * interval '1 second', outbox = greatest(outbox, $4)
            WHERE shard = $1 AND epoch = $2
            """,
            [
                .integer(Int64(shard.index)), .integer(epoch), .integer(lasting.components.seconds),
                .integer(outbox.rawValue),
            ])
    }

    private func isRenewalDue() -> Bool {
        let age = Clocks.monotonicMicroseconds() - renewedAt
        return age >= Self.renewalMicroseconds
            || age >= Self.cursorMicroseconds && outbox.acknowledged > outbox.written
    }

    /// Closes the connection, and determines whether the shard was lost, too.
    private func lost(_ error: PostgresError) -> JournalError {
        ownLease.end()
        session.connection?.close()
        session.connection = nil
        switch error.state {
        case "22012": return JournalError(.ownedElsewhere, "shard \(shard.index) was taken over by another node")
        // Another owner may already have written these rows.
        case "23505":
            if let current = try? currentEpoch(), current != epoch {
                return JournalError(.ownedElsewhere, "shard \(shard.index) was taken over by another node")
            }
            return JournalError(error)
        default: return JournalError(error)
        }
    }

    private func currentEpoch() throws(JournalError) -> Int64 {
        let rows = try PoolSession(pool).run(
            Call("SELECT epoch FROM convey.shard WHERE shard = $1", [.integer(Int64(shard.index))]))
        return rows.isEmpty ? 0 : rows.integer(0, 0)
    }

    // MARK: Owning

    func probe() throws(JournalError) {
        if session.connection?.isOpen == true { return try write([]) }
        let taken = try takeover.run(ownEpoch: epoch)
        epoch = taken.epoch
        session.connection = taken.connection
        renewedAt = Clocks.monotonicMicroseconds()
        ownLease.prolong(askedAt: taken.askedAt)
        identities = try IdentityFilter(reads)
    }

    func confirmInPlace() throws(JournalError) {
        guard let connection = session.connection, connection.isOpen else {
            throw JournalError(.inputOutput, "there is no connection to PostgreSQL")
        }
        if connection.hasEnded {
            throw lost(PostgresError(.lost, "\(connection.place) has closed the connection"))
        }
        if isRenewalDue() { try write([]) }
        measure()
    }

    func release() {
        defer {
            ownLease.end()
            session.connection?.close()
            session.connection = nil
        }
        guard ownLease.isHeld, let connection = session.connection else { return }
        // If this fails, the lease expires by itself.
        _ = try? connection.run([
            Self.begin, renewal(outbox: outbox.acknowledged, lasting: .zero), fence, Self.end,
        ])
    }

    private func measure() {
        let now = Clocks.monotonicMicroseconds()
        guard measuredAt.saturatingAdd(Self.measureMicroseconds) < now else { return }
        measuredAt = now
        let sizes = try? PoolSession(pool).run(
            Call(
                """
                SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint FROM pg_catalog.pg_class c
                JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relkind = 'r'
                """, [.text(schema.name)]))
        // The size is only informative, so a failed reading can wait for the next one.
        if let sizes, !sizes.isEmpty { bytes = Int(sizes.integer(0, 0)) }
    }

    deinit { release() }

    // MARK: Reading

    func recoveryPoint() throws(JournalError) -> RecoveryPoint {
        var point = try reads.recoveryPoint(partitionCount: partitionCount)
        outbox.acknowledged = min(max(outbox.acknowledged, point.outboxCursor), point.lastPosition)
        outbox.written = point.outboxCursor
        point.outboxCursor = outbox.acknowledged
        return point
    }

    func find(_ lookup: JournalLookup) throws(JournalError) -> JournalFindings {
        try reads.find(lookup, isUnknown: identities.isUnknown)
    }

    func makeReader() throws(JournalError) -> any JournalReader & Sendable {
        PostgresReader(pool, partitions: partitionCount, shard: shard)
    }

    func records(after position: Position, limit: Int) throws(JournalError) -> [JournalRecord] {
        // Renews the lease during a long start-up.
        if isRenewalDue() { try write([]) }
        return try reads.records(after: position, limit: limit)
    }

    func positions(identity: UInt64) throws(JournalError) -> [Position] {
        identities.isUnknown(identity) ? [] : try reads.positions(identity: identity)
    }
}
