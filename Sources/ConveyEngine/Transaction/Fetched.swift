import JournalPort
import Signals

/// The journal data read before a transaction. A request for data that were not fetched is a programming error and ends
/// the process: the answer "it does not exist" would turn a repeat into a new signal.
struct Fetched {
    private(set) var identities: [UInt64: [Position]] = [:]
    /// An inner nil means that the record does not exist.
    private(set) var records: [Position: JournalRecord?] = [:]
    private(set) var deadLetters: [Position: DeadLetter?] = [:]
    private(set) var newSubjects: Set<ExactText> = []
    /// A nil inside says that there is no such answer.
    var failedAnswers: [RetryWish: FailedAnswer?] = [:]

    /// - Returns: whether something was found that may lead on to further look-ups.
    mutating func take(_ found: JournalFindings, for lookup: JournalLookup) -> Bool {
        var leadsOn = false
        for (hash, positions) in zip(lookup.identities, found.identities) {
            identities[hash] = positions
            if !positions.isEmpty { leadsOn = true }
        }
        for (position, record) in zip(lookup.records, found.records) {
            records.updateValue(record, forKey: position)
            leadsOn = true
        }
        for (position, letter) in zip(lookup.deadLetters, found.deadLetters) {
            deadLetters.updateValue(letter, forKey: position)
        }
        for (subject, row) in zip(lookup.subjects, found.subjects) {
            if row == nil { newSubjects.insert(ExactText(subject)) } else { leadsOn = true }
        }
        return leadsOn || !lookup.conversations.isEmpty
    }

    func record(at position: Position) -> JournalRecord? {
        guard let record = records[position] else { preconditionFailure("record \(position) was not fetched") }
        return record
    }

    func deadLetter(at position: Position) -> DeadLetter? {
        guard let letter = deadLetters[position] else { preconditionFailure("dead letter \(position) was not fetched") }
        return letter
    }
}
