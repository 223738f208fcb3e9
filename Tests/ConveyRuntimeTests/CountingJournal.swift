import JournalPort
import JournalSupport
import Signals

/// Counts the records read.
final class CountingJournal: JournalReader {
    let journal: SimulatedJournal
    private(set) var count = 0
    /// The number of list reads that succeed from now on.
    var listReads = Int.max

    private func list<Found>(_ read: () throws(JournalError) -> Found) throws(JournalError) -> Found {
        listReads -= 1
        guard listReads >= 0 else { throw JournalError(.inputOutput, "the disk does not answer") }
        return try read()
    }

    init(_ disk: SimulatedDisk) {
        journal = SimulatedJournal(disk)
    }

    private func counted<Element>(_ elements: [Element]) -> [Element] {
        count += elements.count
        return elements
    }

    var shard: Shard { journal.shard }
    var partitionCount: Int { journal.partitionCount }
    func record(at position: Position) throws(JournalError) -> JournalRecord? {
        count += 1
        return try journal.record(at: position)
    }
    func records(after position: Position, limit: Int) throws(JournalError) -> [JournalRecord] {
        counted(try journal.records(after: position, limit: limit))
    }
    func records(at positions: [Position]) throws(JournalError) -> [JournalRecord] {
        counted(try journal.records(at: positions))
    }
    func links(from position: Position, limit: Int) throws(JournalError) -> [RecordLink] {
        counted(try journal.links(from: position, limit: limit))
    }
    func newestLinks(before position: Position?, limit: Int) throws(JournalError) -> [RecordLink] {
        try list { () throws(JournalError) in counted(try journal.newestLinks(before: position, limit: limit)) }
    }
    func subject(of conversation: ConversationID) throws(JournalError) -> String? {
        try journal.subject(of: conversation)
    }
    func head(subject: String) throws(JournalError) -> ConversationHead? { try journal.head(subject: subject) }
    func head(id: ConversationID) throws(JournalError) -> ConversationHead? { try journal.head(id: id) }
    func conversations(
        matching filter: SubjectFilter, after subject: String?, limit: Int, scanning: Int
    ) throws(JournalError) -> ConversationListing {
        try list { () throws(JournalError) in
            try journal.conversations(matching: filter, after: subject, limit: limit, scanning: scanning)
        }
    }
    func openEffects(after key: EffectKey?, limit: Int) throws(JournalError) -> [EffectUnderWay] {
        try list { () throws(JournalError) in try journal.openEffects(after: key, limit: limit) }
    }
    func conversation(subject: String) throws(JournalError) -> ConversationRecord? {
        try journal.conversation(subject: subject)
    }
    func conversation(id: ConversationID) throws(JournalError) -> ConversationRecord? {
        try journal.conversation(id: id)
    }
    func positions(identity: UInt64) throws(JournalError) -> [Position] { try journal.positions(identity: identity) }
    func isDeadLetter(_ position: Position) throws(JournalError) -> Bool { try journal.isDeadLetter(position) }
    func deadLetter(at position: Position) throws(JournalError) -> DeadLetter? { try journal.deadLetter(at: position) }
    func deadLetters(
        after position: Position, conversation: ConversationID?, limit: Int
    ) throws(JournalError) -> [DeadLetter] {
        try list { () throws(JournalError) in
            try journal.deadLetters(after: position, conversation: conversation, limit: limit)
        }
    }
}
