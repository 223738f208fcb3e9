import Signals

/// A sum over pairs of identity hash and position that does not depend on their order: equal sums mean equal sets,
/// except with a probability of one in 2^64. Compares an index with the records in constant memory.
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
