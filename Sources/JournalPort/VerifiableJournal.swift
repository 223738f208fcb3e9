import Signals

/// The data that verification reads besides the records: everything that is stored twice, indexed or derived. Belongs
/// to one thread.
public protocol VerifiableJournal: RecoverableJournal {
    /// Up to `limit` saved conversations of a slice with an id above `id`, ascending.
    func conversations(
        after id: ConversationID, in slice: ConversationSlice, limit: Int
    ) throws(JournalError) -> [ConversationRecord]
    /// The range of deleted positions around one, if it was deleted: what is missing there was not lost.
    func deletedPositions(around position: Position) throws(JournalError) -> ClosedRange<Position>?
    /// The sum over the identity index up to a position.
    func identitySum(through position: Position) throws(JournalError) -> IdentitySum
    /// The problems of the storage itself, one line each, only the first few; empty if it is sound. Reads all of it.
    func storageProblems() throws(JournalError) -> [String]
}

extension VerifiableJournal {
    /// For journals that delete nothing.
    public func deletedPositions(around position: Position) throws(JournalError) -> ClosedRange<Position>? { nil }
}
