/// A conversation's number in its journal, from 1. It is short, whereas the subject is a string of up to 256 bytes.
public struct ConversationID: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    public var rawValue: Int64
    public init(rawValue: Int64) { self.rawValue = rawValue }
    public init(_ value: Int64) { rawValue = value }
    public var description: String { String(rawValue) }
}
