import Glibc

/// Finds members in JSON without decoding it. The pattern is a whole member name in quotes, which no text sent by the
/// generator contains.
/// generator sends has in its text.
enum ByteSearch {
    /// The position of `pattern`, at or after `start`.
    static func find(_ pattern: [UInt8], in bytes: UnsafeRawBufferPointer, from start: Int = 0) -> Int? {
        guard let base = bytes.baseAddress, let first = pattern.first, start + pattern.count <= bytes.count else {
            return nil
        }
        return pattern.withUnsafeBytes { pattern in
            guard let wanted = pattern.baseAddress else { return nil }
            for place in start...(bytes.count - pattern.count)
            where bytes[place] == first && memcmp(base + place, wanted, pattern.count) == 0 {
                return place
            }
            return nil
        }
    }

    /// The digits at `start`, as a number; nil if there are none, or more than fit.
    static func number(in bytes: UnsafeRawBufferPointer, at start: Int) -> Int? {
        var number = 0
        var digits = 0
        for byte in bytes[start...] {
            let digit = byte &- 0x30
            guard digit < 10 else { break }
            guard digits < 18 else { return nil }
            number = number * 10 + Int(digit)
            digits += 1
        }
        return digits > 0 ? number : nil
    }

    /// The text between the quote before `start` and the next one.
    static func text(in bytes: UnsafeRawBufferPointer, at start: Int) -> String {
        String(decoding: bytes[start...].prefix { $0 != 0x22 }, as: UTF8.self)
    }
}
