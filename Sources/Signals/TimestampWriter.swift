/// Writes times as RFC 3339 in UTC with microseconds; `RFC3339` reads them. Caches the text of the last second, because
/// most records written together share it.
package struct TimestampWriter {
    /// The years 0000 to 9999, which RFC 3339 can write, in microseconds since 1970.
    package static let range: ClosedRange<Int64> = -62_167_219_200_000_000...253_402_300_799_999_999

    private var second: Int64 = .min
    private var prefix = ""

    package init() {}

    /// - Parameter microseconds: since 1970; negative before it. A time outside `range` is clamped to it.
    package mutating func text(_ microseconds: Int64) -> String {
        let known = min(max(microseconds, Self.range.lowerBound), Self.range.upperBound)
        let (seconds, fraction) = Self.floorDivide(known, by: 1_000_000)
        if seconds != second {
            second = seconds
            prefix = Self.dateAndTime(seconds)
        }
        var text = prefix
        var scale: Int64 = 100_000
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 8) { tail in
            tail[0] = UInt8(ascii: ".")
            for index in 1...6 {
                tail[index] = UInt8(ascii: "0") + UInt8(fraction / scale % 10)
                scale /= 10
            }
            tail[7] = UInt8(ascii: "Z")
            text += String(decoding: tail, as: UTF8.self)
        }
        return text
    }

    /// Days to civil date after Howard Hinnant's "chrono-compatible low-level date algorithms".
    private static func dateAndTime(_ seconds: Int64) -> String {
        let (days, inDay) = floorDivide(seconds, by: 86_400)
        let (era, dayOfEra) = floorDivide(days + 719_468, by: 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return padded(year, 4) + "-" + padded(month, 2) + "-" + padded(day, 2) + "T" + padded(inDay / 3_600, 2) + ":"
            + padded(inDay / 60 % 60, 2) + ":" + padded(inDay % 60, 2)
    }

    /// The quotient rounded down and the remainder, which is never negative.
    private static func floorDivide(_ dividend: Int64, by divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let (quotient, remainder) = dividend.quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }

    private static func padded(_ value: Int64, _ digits: Int) -> String {
        let text = String(value)
        return String(repeating: "0", count: max(0, digits - text.utf8.count)) + text
    }
}
