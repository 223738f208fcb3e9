import Conversation
import ConveyRuntime

/// Reads everything that verification compares, over a connection of its own that cannot write.
///
/// Invariant: belongs to one thread at a time. It is made on one thread and handed over once; nothing is shared with the
/// writer but the file, and each read is a transaction of its own that ends before the call returns.
final class SQLiteVerificationReader: VerifiableJournal, @unchecked Sendable {
    let partitionCount: Int
    private let database: Database
    private let records: RecordTable
    private let conversations: ConversationTable
    private let findIdentity: Statement
    private let identityPage: Statement
    private let deadLetters: DeadLetterTable

    /// Index entries read in one transaction: a long one would hold back the writer's checkpoints.
    private static let identityPageSize = 10_000
    private static let problemLimit = 10

    init(path: String) throws(JournalError) {
        database = try Database(path: path, mode: .readOnly)
        try Schema.requireCurrent(database)
        partitionCount = Int(try database.number("SELECT value FROM settings WHERE name = 'partitions'"))
        records = try RecordTable(database)
        conversations = try ConversationTable(database)
        findIdentity = try database.prepare("SELECT position FROM identities WHERE hash = ?1")
        identityPage = try database.prepare(
            "SELECT hash, position FROM identities WHERE (hash, position) > (?1, ?2) ORDER BY hash, position LIMIT ?3")
        deadLetters = try DeadLetterTable(database)
    }

    func record(at position: Position) throws(JournalError) -> JournalRecord? { try records.record(at: position) }

    func records(after position: Position, limit: Int) throws(JournalError) -> [JournalRecord] {
        try records.records(after: position, limit: limit)
    }

    func subject(of conversation: ConversationID) throws(JournalError) -> String? {
        try records.subject(of: conversation)
    }

    func recoveryPoint() throws(JournalError) -> RecoveryPoint {
        // One moment for all of it.
        try database.execute("BEGIN")
        defer { database.rollback() }
        return try RecoveryQuery.point(database, partitionCount: partitionCount)
    }

    func conversation(subject: String) throws(JournalError) -> ConversationRecord? {
        try conversations.find(subject: subject)
    }

    func conversation(id: ConversationID) throws(JournalError) -> ConversationRecord? {
        try conversations.find(id: id)
    }

    func conversations(
        after id: ConversationID, in slice: ConversationSlice, limit: Int
    ) throws(JournalError) -> [ConversationRecord] {
        try conversations.list(after: id, in: slice, limit: limit)
    }

    func positions(identity: UInt64) throws(JournalError) -> [Position] {
        defer { findIdentity.reset() }
        findIdentity.bind(1, Int64(bitPattern: identity))
        var positions: [Position] = []
        while try findIdentity.step() { positions.append(Position(findIdentity.integer(0))) }
        return positions
    }

    func identitySum(through position: Position) throws(JournalError) -> IdentitySum {
        var sum = IdentitySum()
        var last = (hash: Int64.min, position: Int64.min)
        while true {
            var count = 0
            defer { identityPage.reset() }
            identityPage.bind(1, last.hash)
            identityPage.bind(2, last.position)
            identityPage.bind(3, Self.identityPageSize)
            while try identityPage.step() {
                last = (identityPage.integer(0), identityPage.integer(1))
                count += 1
                if last.position <= position.rawValue {
                    sum.add(hash: UInt64(bitPattern: last.hash), position: Position(last.position))
                }
            }
            guard count == Self.identityPageSize else { return sum }
        }
    }

    func isDeadLetter(_ position: Position) throws(JournalError) -> Bool {
        try deadLetters.contains(position)
    }

    func deadLetter(at position: Position) throws(JournalError) -> DeadLetter? {
        try deadLetters.letter(at: position)
    }

    func deadLetters(after position: Position, limit: Int) throws(JournalError) -> [DeadLetter] {
        try deadLetters.list(after: position, limit: limit)
    }

    func storageProblems() throws(JournalError) -> [String] {
        let check = try database.prepare("PRAGMA integrity_check(\(Self.problemLimit))")
        var problems: [String] = []
        while try check.step() { problems.append(check.text(0) ?? "") }
        return problems.filter { $0 != "ok" }
    }
}

extension SQLiteJournal {
    /// Opens the journal of a data directory to verify it, beside a running service or without one.
    /// - Throws: `cannotOpen` when there is none, or one of an older Convey that has not been started since; `newerVersion`.
    public static func makeVerificationReader(
        directory: String
    ) throws(JournalError) -> any VerifiableJournal & Sendable {
        try SQLiteVerificationReader(path: directory + "/journal.db")
    }
}
