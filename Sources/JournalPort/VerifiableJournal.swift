import Signals

/// What verification reads beside the records: everything that is kept twice, found by key or derived. Belongs to one thread.
public protocol VerifiableJournal: RecoverableJournal {
    /// Up to `limit` saved conversations of a slice with an id above `id`, ascending.
    func conversations(
        after id: ConversationID, in slice: ConversationSlice, limit: Int
    ) throws(JournalError) -> [ConversationRecord]
    /// The deleted positions around one, if it is one of them: what is missing there was not lost.
    func deletedPositions(around position: Position) throws(JournalError) -> ClosedRange<Position>?
    /// The sum over the identity index up to a position.
    func identitySum(through position: Position) throws(JournalError) -> IdentitySum
    /// What is wrong with the storage itself, a line each, the first few; empty when it is sound. Reads all of it.
    func storageProblems() throws(JournalError) -> [String]
}

extension VerifiableJournal {
    /// For journals that delete nothing.
    public func deletedPositions(around position: Position) throws(JournalError) -> ClosedRange<Position>? { nil }
}
