import JournalPort
import Signals

/// A journal that reads the tables of a shard. The owner and the readers differ in their connection only.
protocol ShardTables: RecoverableJournal {
    var reads: ShardReads { get }
}

extension ShardTables {
    func record(at position: Position) throws(JournalError) -> JournalRecord? { try reads.record(at: position) }

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

    func pending(after position: Position, limit: Int) throws(JournalError) -> [Position] {
        try reads.pending(after: position, limit: limit)
    }

    func isPending(_ position: Position) throws(JournalError) -> Bool { try reads.isPending(position) }

    func storedEffects(
        after key: EffectKey?, of conversation: ConversationID?, limit: Int
    ) throws(JournalError) -> [StoredEffect] {
        try reads.storedEffects(after: key, of: conversation, limit: limit)
    }
}
