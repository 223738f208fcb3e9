/// Five characters of base 32 that distinguish a shard's derived ids from those of any other shard, even in another
/// data directory. Created at random with the shard, and never changed.
public struct ShardTag: Sendable, Hashable, CustomStringConvertible {
    public static let length = 5
    private static let alphabet = Array("abcdefghijklmnopqrstuvwxyz234567".utf8)

    public let text: String

    /// Nil for anything but five characters of `a` to `z` and `2` to `7`.
    public init?(_ text: String) {
        guard text.utf8.count == Self.length, text.utf8.allSatisfy(Self.alphabet.contains) else { return nil }
        self.text = text
    }

    public static func random(using generator: inout some RandomNumberGenerator) -> ShardTag {
        var number = UInt32.random(in: 0..<(1 << (5 * UInt32(length))), using: &generator)
        var bytes: [UInt8] = []
        for _ in 0..<length {
            bytes.append(alphabet[Int(number % 32)])
            number /= 32
        }
        return ShardTag(bytes)
    }

    private init(_ bytes: [UInt8]) { text = String(decoding: bytes, as: UTF8.self) }

    public var description: String { text }
}
