import Threads

/// Creates UUIDs of version 7 (RFC 9562, 5.7) for signals that arrived without an id.
struct IdentifierSource {
    func next() -> String {
        // The format has no times before 1970, which a clock that was never set may show.
        let milliseconds = UInt64(max(0, Clocks.wallMicroseconds()) / 1_000)
        let random = UInt64.random(in: .min ... .max)
        let high = (milliseconds << 16) | 0x7000 | (random >> 52)
        let low = (UInt64.random(in: .min ... .max) & 0x3fff_ffff_ffff_ffff) | 0x8000_0000_0000_0000
        let digits = Self.hex(high) + Self.hex(low)
        var text = ""
        text.reserveCapacity(36)
        for (index, digit) in digits.enumerated() {
            if index == 8 || index == 12 || index == 16 || index == 20 { text.append("-") }
            text.append(digit)
        }
        return text
    }

    private static func hex(_ value: UInt64) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
