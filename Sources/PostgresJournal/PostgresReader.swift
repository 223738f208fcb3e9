import JournalPort
import PostgreSQL
import Signals

/// Reads a shard in PostgreSQL, no matter which process owns it.
///
/// Invariant: one thread uses it at a time. It shares only the pool, which is thread-safe.
final class PostgresReader: VerifiableJournal, ShardTables, @unchecked Sendable {
    let partitionCount: Int
    let shard: Shard
    private let session: PoolSession
    let reads: ShardReads

    init(_ pool: ConnectionPool, partitions: Int, shard: Shard) {
        partitionCount = partitions
        self.shard = shard
        session = PoolSession(pool)
        reads = ShardReads(session, ShardSchema(shard: shard.index))
    }

    func reading<Result>(_ body: () throws(JournalError) -> Result) throws(JournalError) -> Result {
        try session.reading(body)
    }

    func find(_ lookup: JournalLookup) throws(JournalError) -> JournalFindings {
        try reads.find(lookup, isUnknown: { _ in false })
    }

    func records(after position: Position, limit: Int) throws(JournalError) -> [JournalRecord] {
        try reads.records(after: position, limit: limit)
    }

    func positions(identity: UInt64) throws(JournalError) -> [Position] { try reads.positions(identity: identity) }

    // MARK: Recovery and verification

    func recoveryPoint() throws(JournalError) -> RecoveryPoint {
        try session.reading { () throws(JournalError) in
            try reads.recoveryPoint(partitionCount: partitionCount)
        }
    }

    func conversations(
        after id: ConversationID, in slice: ConversationSlice, limit: Int
    ) throws(JournalError) -> [ConversationRecord] {
        try reads.conversations(after: id, in: slice, limit: limit)
    }

    func deletedPositions(around position: Position) throws(JournalError) -> ClosedRange<Position>? {
        try reads.deletedPositions(around: position)
    }

    func identitySum(through position: Position) throws(JournalError) -> IdentitySum {
        var sum = IdentitySum()
        try reads.forEachIdentity { hash, found in
            if found <= position { sum.add(hash: hash, position: found) }
            return true
        }
        return sum
    }

    /// Returns the storage damage that the server has detected. The server checks the pages that verification reads.
    func storageProblems() throws(JournalError) -> [String] {
        let rows = try session.run(
            Call(
                """
                SELECT coalesce(checksum_failures, 0) FROM pg_catalog.pg_stat_database WHERE datname = current_database()
                """))
        let failures = rows.isEmpty ? 0 : rows.integer(0, 0)
        return failures == 0 ? [] : ["PostgreSQL has counted \(failures) pages with a wrong checksum in this database"]
    }
}
