import Glibc

/// RFC 3339 in UTC, as events carry it.
enum Timestamp {
    /// Nanoseconds since 1970 of `2026-11-22T19:32:24.222288Z`; nil for any other form.
    static func nanoseconds(_ text: String) -> Int64? {
        let fields = text.split { !$0.isNumber }.map(String.init)
        guard text.hasSuffix("Z"), fields.count == 7, let fraction = Int64(fields[6].prefix(9)) else { return nil }
        let numbers = fields.prefix(6).compactMap { Int32($0) }
        guard numbers.count == 6 else { return nil }
        var time = tm()
        time.tm_year = numbers[0] - 1_900
        time.tm_mon = numbers[1] - 1
        time.tm_mday = numbers[2]
        time.tm_hour = numbers[3]
        time.tm_min = numbers[4]
        time.tm_sec = numbers[5]
        var scale: Int64 = 1_000_000_000
        for _ in fields[6].prefix(9) { scale /= 10 }
        return Int64(timegm(&time)) * 1_000_000_000 + fraction * scale
    }
}

/// Reads many times of one form, mostly of one second, without making strings of them.
struct TimestampReader {
    /// `2026-11-22T19:32:24.` of the last time read.
    private var second: [UInt8] = []
    private var secondNanoseconds: Int64 = 0

    private static let secondLength = 20
    private static let zeros = Array("0Z".utf8)

    /// Nanoseconds since 1970 of the time at `start`; nil for any form but `Timestamp`'s.
    mutating func nanoseconds(in bytes: UnsafeRawBufferPointer, at start: Int) -> Int64? {
        let fractionStart = start + Self.secondLength
        guard fractionStart < bytes.count else { return nil }
        let text = bytes[start..<fractionStart]
        if !text.elementsEqual(second) {
            guard let whole = Timestamp.nanoseconds(String(decoding: Array(text) + Self.zeros, as: UTF8.self)) else {
                return nil
            }
            (second, secondNanoseconds) = (Array(text), whole)
        }
        var fraction: Int64 = 0
        var scale: Int64 = 1_000_000_000
        for byte in bytes[fractionStart...] {
            let digit = byte &- 0x30
            guard digit < 10 else { break }
            guard scale > 1 else { return nil }
            scale /= 10
            fraction += Int64(digit) * scale
        }
        return secondNanoseconds + fraction
    }
}
