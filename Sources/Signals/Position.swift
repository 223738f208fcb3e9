/// A record's number in its journal, from 1, without gaps. Zero is the position before the first record.
public struct Position: RawRepresentable, Hashable, Comparable, Sendable, CustomStringConvertible {
    public var rawValue: Int64
    public init(rawValue: Int64) { self.rawValue = rawValue }
    public init(_ value: Int64) { rawValue = value }
    public static let start = Position(0)
    public var next: Position { Position(rawValue + 1) }
    public var description: String { String(rawValue) }
    public static func < (left: Position, right: Position) -> Bool { left.rawValue < right.rawValue }
}
