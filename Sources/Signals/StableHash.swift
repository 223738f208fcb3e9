/// A fixed 64-bit hash of bytes: FNV-1a with MurmurHash3's finalizer. Routing and the journal's identity index depend on
/// it, so it never changes; `StableHashTests` holds golden values. (Swift's `Hasher` is seeded per process.)
public struct StableHash: Sendable {
    private var state: UInt64 = 0xcbf2_9ce4_8422_2325

    public init() {}

    /// Adds the bytes of `text` and a separator, so that ("ab", "c") and ("a", "bc") differ.
    public mutating func combine(_ text: String) {
        var copy = text
        copy.withUTF8 { combine($0) }
        combine(byte: 0xff)
    }

    public mutating func combine(_ bytes: UnsafeBufferPointer<UInt8>) {
        var hash = state
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
        state = hash
    }

    public mutating func combine(byte: UInt8) {
        state = (state ^ UInt64(byte)) &* 0x0000_0100_0000_01b3
    }

    public mutating func combine(_ value: UInt64) {
        var rest = value
        for _ in 0..<8 {
            combine(byte: UInt8(truncatingIfNeeded: rest))
            rest >>= 8
        }
    }

    /// The hash of everything combined so far.
    public var value: UInt64 {
        var hash = state
        hash = (hash ^ (hash >> 33)) &* 0xff51_afd7_ed55_8ccd
        hash = (hash ^ (hash >> 33)) &* 0xc4ce_b9fe_1a85_ec53
        return hash ^ (hash >> 33)
    }

    /// The partition that owns a conversation: `hash(subject) mod count`.
    public static func partition(of subject: String, count: Int) -> Int {
        var hash = StableHash()
        hash.combine(subject)
        return Int(hash.value % UInt64(count))
    }
}
