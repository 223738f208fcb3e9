/// Which subjects are wanted.
public struct SubjectFilter: Sendable, Equatable {
    /// What they begin with, byte by byte.
    public var prefix: String
    /// What they have somewhere in them, whatever the case of ASCII letters; other letters must be as they are.
    public var contains: String

    public init(prefix: String = "", contains: String = "") {
        self.prefix = prefix
        self.contains = contains
    }

    public var isEmpty: Bool { prefix.isEmpty && contains.isEmpty }

    public func matches(_ subject: String) -> Bool {
        guard subject.utf8.starts(with: prefix.utf8) else { return false }
        if contains.isEmpty { return true }
        let text = subject.utf8.map(Self.folded)
        let wanted = contains.utf8.map(Self.folded)
        guard wanted.count <= text.count else { return false }
        return (0...text.count - wanted.count).contains { text[$0...].starts(with: wanted) }
    }

    private static func folded(_ byte: UInt8) -> UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
    }
}
