import JournalPort
import PostgreSQL
import Signals

/// Reads a shard in PostgreSQL, no matter which process owns it.
///
/// Invariant: one thread uses it at a time. It shares only the pool, which is thread-safe.
final class PostgresReader: VerifiableJournal, @unchecked Sendable {
    let partitionCount: Int
    let shard: Shard
    private let session: PoolSession
    private let reads: ShardReads

    /// Index entries per round trip.
    private static let identityPageSize = 50_000

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

    func record(at position: Position) throws(JournalError) -> JournalRecord? { try reads.record(at: position) }

    func records(after position: Position, limit: Int) throws(JournalError) -> [JournalRecord] {
        try reads.records(after: position, limit: limit)
    }

    func records(at positions: [Position]) throws(JournalError) -> [JournalRecord] { try reads.records(at: positions) }

    func links(from position: Position, limit: Int) throws(JournalError) -> [RecordLink] {
        try reads.links(from: position, limit: limit)
    }

    func newestLinks(before position: Position?, limit: Int) throws(JournalError) -> [RecordLink] {
        try reads.newestLinks(before: position, limit: limit)
    }

    func subject(of conversation: ConversationID) throws(JournalError) -> String? {
        try reads.subject(of: conversation)
    }

    func head(subject: String) throws(JournalError) -> ConversationHead? { try reads.head(subject: subject) }
    func head(id: ConversationID) throws(JournalError) -> ConversationHead? { try reads.head(id: id) }

    func conversation(subject: String) throws(JournalError) -> ConversationRecord? {
        try reads.conversation(subject: subject)
    }

    func conversation(id: ConversationID) throws(JournalError) -> ConversationRecord? {
        try reads.conversation(id: id)
    }

    func conversations(
        matching filter: SubjectFilter, after subject: String?, limit: Int, scanning: Int
    ) throws(JournalError) -> ConversationListing {
        try reads.conversations(matching: filter, after: subject, limit: limit, scanning: scanning)
    }

    func positions(identity: UInt64) throws(JournalError) -> [Position] { try reads.positions(identity: identity) }

    func isDeadLetter(_ position: Position) throws(JournalError) -> Bool {
        try reads.deadLetter(at: position) != nil
    }

    func deadLetter(at position: Position) throws(JournalError) -> DeadLetter? { try reads.deadLetter(at: position) }

    func deadLetters(
        after position: Position, conversation: ConversationID?, limit: Int
    ) throws(JournalError) -> [DeadLetter] {
        try reads.deadLetters(after: position, conversation: conversation, limit: limit)
    }

    func openEffects(after key: EffectKey?, limit: Int) throws(JournalError) -> [EffectUnderWay] {
        try reads.openEffects(after: key, limit: limit)
    }

    // MARK: Recovery and verification

    func recoveryPoint() throws(JournalError) -> RecoveryPoint {
        try session.reading { () throws(JournalError) in
            try reads.recoveryPoint(partitionCount: partitionCount)
        }
    }

    func pending(after position: Position, limit: Int) throws(JournalError) -> [Position] {
        try reads.pending(after: position, limit: limit)
    }

    func isPending(_ position: Position) throws(JournalError) -> Bool { try reads.isPending(position) }

    func storedEffects(
        after key: EffectKey?, of conversation: ConversationID?, limit: Int
    ) throws(JournalError) -> [StoredEffect] {
        try reads.storedEffects(after: key, of: conversation, limit: limit)
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
        var last = (hash: Int64.min, position: Int64.min)
        while true {
            let rows = try session.run(
                Call(
                    """
                    SELECT hash, position FROM \(reads.schema.table("identities")) WHERE (hash, position) > ($1, $2)
                    ORDER BY hash, position LIMIT $3
                    """, [.integer(last.hash), .integer(last.position), .integer(Int64(Self.identityPageSize))]))
            for row in 0..<rows.count {
                last = (rows.integer(row, 0), rows.integer(row, 1))
                guard last.position <= position.rawValue else { continue }
                sum.add(hash: UInt64(bitPattern: last.hash), position: Position(last.position))
            }
            guard rows.count == Self.identityPageSize else { return sum }
        }
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
