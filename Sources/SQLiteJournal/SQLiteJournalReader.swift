import JournalPort
import SQLite
import Signals

/// Reads the journal on another thread or in another process than the writer.
///
/// Invariant: belongs to one thread at a time. It is created on one thread and handed over once. It shares only the
/// file with the writer, and each read is a separate transaction that ends before the call returns.
final class SQLiteJournalReader: JournalReader, @unchecked Sendable {
    let partitionCount: Int
    let shard: Shard
    let database: Database
    let records: RecordTable
    let conversations: ConversationTable
    private let deadLetterTable: DeadLetterTable
    private let heads: ConversationHeads
    let effects: EffectTable
    let pendingTable: PendingTable
    private let findIdentity: Statement

    /// - Parameter expected: the required contents of the file's settings; nil if they are already known.
    init(path: String, expected: ShardPlace? = nil) throws(JournalError) {
        database = try Database(path: path, mode: .readOnly)
        try Schema.check(database)
        let settings = try ShardSettings.read(from: database)
        try expected?.check(settings, path)
        partitionCount = settings.partitions
        shard = settings.shard
        records = try RecordTable(database)
        conversations = try ConversationTable(database)
        deadLetterTable = try DeadLetterTable(database)
        heads = try ConversationHeads(database, records)
        effects = try EffectTable(database)
        pendingTable = try PendingTable(database)
        findIdentity = try database.prepare("SELECT position FROM identities WHERE hash = ?1")
    }

    func record(at position: Position) throws(JournalError) -> JournalRecord? { try records.record(at: position) }

    func records(after position: Position, limit: Int) throws(JournalError) -> [JournalRecord] {
        try records.records(after: position, limit: limit)
    }

    func reading<Result>(_ body: () throws(JournalError) -> Result) throws(JournalError) -> Result {
        try database.reading(body)
    }

    func records(at positions: [Position]) throws(JournalError) -> [JournalRecord] {
        try records.records(at: positions)
    }

    func subject(of conversation: ConversationID) throws(JournalError) -> String? {
        try records.subject(of: conversation)
    }

    func head(subject: String) throws(JournalError) -> ConversationHead? { try heads.find(subject: subject) }
    func head(id: ConversationID) throws(JournalError) -> ConversationHead? { try heads.find(id: id) }

    func links(from position: Position, limit: Int) throws(JournalError) -> [RecordLink] {
        try records.links(from: position, limit: limit)
    }

    func newestLinks(before position: Position?, limit: Int) throws(JournalError) -> [RecordLink] {
        try records.newestLinks(before: position, limit: limit)
    }

    func conversations(
        matching filter: SubjectFilter, after subject: String?, limit: Int, scanning: Int
    ) throws(JournalError) -> ConversationListing {
        try heads.list(matching: filter, after: subject, limit: limit, scanning: scanning)
    }

    func openEffects(after key: EffectKey?, limit: Int) throws(JournalError) -> [EffectUnderWay] {
        try effects.list(after: key, limit: limit)
    }

    func conversation(subject: String) throws(JournalError) -> ConversationRecord? {
        try conversations.find(subject: subject)
    }

    func conversation(id: ConversationID) throws(JournalError) -> ConversationRecord? {
        try conversations.find(id: id)
    }

    func positions(identity: UInt64) throws(JournalError) -> [Position] {
        defer { findIdentity.reset() }
        findIdentity.bind(1, Int64(bitPattern: identity))
        var positions: [Position] = []
        while try findIdentity.step() { positions.append(Position(findIdentity.integer(0))) }
        return positions
    }

    func isDeadLetter(_ position: Position) throws(JournalError) -> Bool {
        try deadLetterTable.find(position) != nil
    }

    func deadLetter(at position: Position) throws(JournalError) -> DeadLetter? { try deadLetterTable.find(position) }

    func deadLetters(
        after position: Position, conversation: ConversationID?, limit: Int
    ) throws(JournalError) -> [DeadLetter] {
        try deadLetterTable.list(after: position, conversation: conversation, limit: limit)
    }
}
