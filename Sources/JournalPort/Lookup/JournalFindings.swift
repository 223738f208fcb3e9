import Signals

/// The answers to a `JournalLookup`: each list has one element per question, in the order of the questions.
public struct JournalFindings: Sendable {
    /// Hashes may collide: compare the signals.
    public var identities: [[Position]] = []
    /// Nil if there is no record.
    public var records: [JournalRecord?] = []
    /// Nil if the position is not a dead letter.
    public var deadLetters: [DeadLetter?] = []
    /// Nil for a subject without records.
    public var subjects: [ConversationRecord?] = []
    /// Nil if no conversation has the number.
    public var conversations: [ConversationRecord?] = []

    public init() {}
}

extension JournalReader {
    /// One read after another, for journals in which a read needs no round trip.
    package func findEach(_ lookup: JournalLookup) throws(JournalError) -> JournalFindings {
        var found = JournalFindings()
        for hash in lookup.identities { found.identities.append(try positions(identity: hash)) }
        for position in lookup.records { found.records.append(try record(at: position)) }
        for position in lookup.deadLetters { found.deadLetters.append(try deadLetter(at: position)) }
        for subject in lookup.subjects { found.subjects.append(try conversation(subject: subject)) }
        for id in lookup.conversations { found.conversations.append(try conversation(id: id)) }
        return found
    }

    public func find(_ lookup: JournalLookup) throws(JournalError) -> JournalFindings { try findEach(lookup) }
}
