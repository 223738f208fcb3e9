/// The right to write: a number that grows each time the ownership of the partitions changes. A journal refuses a
/// commit with an older one. With SQLite one process owns all partitions, and the epoch stays 1.
public struct Epoch: RawRepresentable, Comparable, Sendable {
    public var rawValue: Int64
    public init(rawValue: Int64) { self.rawValue = rawValue }
    public static let single = Epoch(rawValue: 1)
    public static func < (left: Epoch, right: Epoch) -> Bool { left.rawValue < right.rawValue }
}
