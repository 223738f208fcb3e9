import Conversation
import JournalPort
import Signals

/// Follows signals from recording to application: each is applied once, and after its cause.
struct SignalReplay {
    private let journal: VerificationReader
    private let ids: DerivedIDs
    private var waiting = WaitingRecords()
    private var identities = RecentIdentities()

    init(journal: VerificationReader, ids: DerivedIDs) {
        self.journal = journal
        self.ids = ids
    }

    /// Signals that are not applied yet, in record order.
    var unapplied: [WaitingRecords.Place] { waiting.places }

    func isWaiting(_ position: Position) -> Bool { waiting.contains(position) }

    /// A signal was recorded.
    mutating func take(_ signal: Signal, of record: JournalRecord) throws(VerificationStop) {
        identities.insert(IdentityHash.of(subject: signal.subject, id: signal.id), record.position)
        waiting.insert(record)
        guard waiting.isPruneDue else { return }
        var dead: [Position] = []
        for place in waiting.places where try journal.isDeadLetter(place.position) { dead.append(place.position) }
        waiting.forget(dead)
    }

    /// A signal was recorded, but its content has since been removed.
    mutating func takeRemoved(_ record: JournalRecord) { waiting.insert(record) }

    /// A marker says that a signal was applied.
    /// - Returns: the signal's record; nil if it was deleted.
    mutating func apply(
        _ marker: Marker, of record: JournalRecord, subject: String
    ) throws(VerificationStop) -> JournalRecord? {
        guard let waited = waiting.remove(marker.appliedPosition, of: record.conversation) else {
            if try journal.isDeleted(marker.appliedPosition) { return nil }
            throw VerificationStop(.marker, try problem(with: marker, of: record), record, subject: subject)
        }
        if let waited { return waited }
        guard let read = try journal.record(at: marker.appliedPosition) else {
            throw VerificationStop(.marker, "its signal cannot be read", record, subject: subject)
        }
        return read
    }

    /// Why a marker's signal is not waiting.
    private func problem(with marker: Marker, of record: JournalRecord) throws(VerificationStop) -> String {
        let position = marker.appliedPosition
        guard position < record.position else { return "it refers to position \(position), which comes later" }
        guard let target = try journal.record(at: position) else {
            return "it refers to position \(position), which does not exist"
        }
        if case .marker = target.content { return "it refers to another marker, at \(position)" }
        guard target.conversation == record.conversation else {
            return "it refers to the signal at position \(position), which belongs to another conversation"
        }
        return "the signal at position \(position) was already applied: this is a second marker for it"
    }

    /// An applied signal must come after its cause.
    func checkCause(
        of signal: Signal, _ record: JournalRecord, in conversation: ConversationRecord
    ) throws(VerificationStop) {
        guard case .signal(let id) = signal.cause else {
            guard signal.cause == .none else {
                throw VerificationStop(
                    .cause, "\(signal.id) was applied, but its cause can never be satisfied", record,
                    subject: conversation.subject)
            }
            return
        }
        if let position = ids.appliedPosition(marker: id), try isApplied(position, in: conversation) { return }
        let hash = IdentityHash.of(subject: signal.subject, id: id)
        for position in identities.positions(hash) where !isWaiting(position) {
            if try isApplied(position, in: conversation, id: id) { return }
        }
        for position in try journal.positions(identity: hash) {
            if try isApplied(position, in: conversation, id: id) { return }
        }
        throw VerificationStop(
            .cause, "\(signal.id) was applied before its cause \(id)", record, subject: conversation.subject)
    }

    /// Whether the record at `position` is a signal of the conversation that has been applied so far.
    private func isApplied(
        _ position: Position, in conversation: ConversationRecord, id: String? = nil
    ) throws(VerificationStop) -> Bool {
        guard position <= conversation.head, !isWaiting(position), let record = try journal.record(at: position),
            record.conversation == conversation.id, case .signal(let signal) = record.content
        else { return false }
        return id.map { ExactText($0) == ExactText(signal.id) } ?? true
    }
}
