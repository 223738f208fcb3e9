import JournalPort
import Signals

/// Reads a journal to verify it: if the journal reports that it is corrupt, that is a difference.
struct VerificationReader {
    /// Rows read at a time.
    static let page = 1_000

    let source: any VerifiableJournal

    /// - Parameter what: names the data in the difference.
    func reading<Value>(
        _ what: String, _ body: () throws(JournalError) -> Value
    ) throws(VerificationStop) -> Value {
        do { return try body() } catch { throw VerificationStop(error, reading: what) }
    }

    func recoveryPoint() throws(VerificationStop) -> RecoveryPoint {
        try reading("the cursors") { () throws(JournalError) in try source.recoveryPoint() }
    }

    func record(at position: Position) throws(VerificationStop) -> JournalRecord? {
        try reading("position \(position)") { () throws(JournalError) in try source.record(at: position) }
    }

    func conversation(_ id: ConversationID) throws(VerificationStop) -> ConversationRecord? {
        try reading("conversation \(id)") { () throws(JournalError) in try source.conversation(id: id) }
    }

    func head(of id: ConversationID) throws(VerificationStop) -> ConversationHead? {
        try reading("conversation \(id)") { () throws(JournalError) in try source.head(id: id) }
    }

    /// Whether a conversation has records after a position.
    func hasGrown(_ id: ConversationID, since position: Position) throws(VerificationStop) -> Bool {
        try head(of: id).map { $0.position > position } ?? false
    }

    func positions(identity hash: UInt64) throws(VerificationStop) -> [Position] {
        try reading("the identity index") { () throws(JournalError) in try source.positions(identity: hash) }
    }

    func deletedPositions(around position: Position) throws(VerificationStop) -> ClosedRange<Position>? {
        try reading("the deleted positions") { () throws(JournalError) in
            try source.deletedPositions(around: position)
        }
    }

    func isDeleted(_ position: Position) throws(VerificationStop) -> Bool {
        guard position > .start else { return false }
        return try deletedPositions(around: position) != nil
    }

    func isDeadLetter(_ position: Position) throws(VerificationStop) -> Bool {
        try reading("the dead letters") { () throws(JournalError) in try source.isDeadLetter(position) }
    }

    /// Whether the journal lists a signal as pending.
    func isPending(_ position: Position) throws(VerificationStop) -> Bool {
        try reading("the pending signals") { () throws(JournalError) in try source.isPending(position) }
    }

    /// A page of the signals listed as pending after a position.
    func pending(after position: Position) throws(VerificationStop) -> [Position] {
        try reading("the pending signals") { () throws(JournalError) in
            try source.pending(after: position, limit: Self.page)
        }
    }

    /// A page of the effects listed as open after a key, for one conversation or for all.
    func storedEffects(
        after key: EffectKey?, of conversation: ConversationID?
    ) throws(VerificationStop) -> [StoredEffect] {
        try reading("the open effects") { () throws(JournalError) in
            try source.storedEffects(after: key, of: conversation, limit: Self.page)
        }
    }
}
