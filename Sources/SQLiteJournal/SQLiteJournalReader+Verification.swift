import JournalPort
import Signals

/// The data that verification compares besides the records.
extension SQLiteJournalReader: VerifiableJournal {
    /// Index entries read per transaction: a long one would delay the writer's checkpoints.
    private static let identityPageSize = 10_000
    private static let problemLimit = 10

    func recoveryPoint() throws(JournalError) -> RecoveryPoint {
        // One moment for all reads.
        try database.reading { () throws(JournalError) in
            try RecoveryQuery.point(self.database, partitionCount: self.partitionCount)
        }
    }

    func pending(after position: Position, limit: Int) throws(JournalError) -> [Position] {
        try pendingTable.list(after: position, limit: limit)
    }

    func isPending(_ position: Position) throws(JournalError) -> Bool { try pendingTable.contains(position) }

    func storedEffects(
        after key: EffectKey?, of conversation: ConversationID?, limit: Int
    ) throws(JournalError) -> [StoredEffect] {
        try effects.rows(after: key, of: conversation, limit: limit)
    }

    func conversations(
        after id: ConversationID, in slice: ConversationSlice, limit: Int
    ) throws(JournalError) -> [ConversationRecord] {
        try conversations.list(after: id, in: slice, limit: limit)
    }

    func deletedPositions(around position: Position) throws(JournalError) -> ClosedRange<Position>? {
        try records.deleted.around(position)
    }

    func identitySum(through position: Position) throws(JournalError) -> IdentitySum {
        let page = try database.prepare(
            "SELECT hash, position FROM identities WHERE (hash, position) > (?1, ?2) ORDER BY hash, position LIMIT ?3")
        var sum = IdentitySum()
        var last = (hash: Int64.min, position: Int64.min)
        while true {
            var count = 0
            defer { page.reset() }
            page.bind(1, last.hash)
            page.bind(2, last.position)
            page.bind(3, Self.identityPageSize)
            while try page.step() {
                last = (page.integer(0), page.integer(1))
                count += 1
                if last.position <= position.rawValue {
                    sum.add(hash: UInt64(bitPattern: last.hash), position: Position(last.position))
                }
            }
            guard count == Self.identityPageSize else { return sum }
        }
    }

    func storageProblems() throws(JournalError) -> [String] {
        let check = try database.prepare("PRAGMA integrity_check(\(Self.problemLimit))")
        var problems: [String] = []
        while try check.step() { problems.append(check.text(0) ?? "") }
        return problems.filter { $0 != "ok" }
    }
}
