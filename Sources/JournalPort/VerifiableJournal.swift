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

/// The conversations of some of the partitions: what one pass of a verification keeps in memory.
public struct ConversationSlice: Sendable, Equatable {
    /// Number of slices.
    public var count: Int
    /// Which of them, from 0.
    public var index: Int

    public init(count: Int, index: Int) {
        self.count = count
        self.index = index
    }

    public static let all = ConversationSlice(count: 1, index: 0)

    public func contains(partition: Int) -> Bool { partition % count == index }
}

/// A sum over pairs of identity hash and position that does not depend on their order: equal sums mean equal sets, but for
/// a chance of one in 2^64. Compares an index with the records in constant memory.
public struct IdentitySum: Sendable, Equatable {
    public private(set) var count = 0
    private var value: UInt64 = 0

    public init() {}

    public mutating func add(hash: UInt64, position: Position) {
        count += 1
        // SplitMix64's finalizer.
        var mixed = hash ^ (UInt64(bitPattern: position.rawValue) &* 0x9e37_79b9_7f4a_7c15)
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        value &+= mixed ^ (mixed >> 31)
    }
}
