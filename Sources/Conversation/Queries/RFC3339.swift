/// Reads times of RFC 3339.
public enum RFC3339 {
    /// Microseconds since 1970; finer fractions are cut. Nil for what is no RFC 3339 date-time with a zone.
    public static func microseconds(_ text: String) -> Int64? {
        var rest = Array(text.utf8)[...]
        guard let year = number(&rest, digits: 4), take("-", &rest), let month = number(&rest, digits: 2),
            take("-", &rest), let day = number(&rest, digits: 2),
            take("T", &rest) || take("t", &rest) || take(" ", &rest),
            let hour = number(&rest, digits: 2), take(":", &rest), let minute = number(&rest, digits: 2),
            take(":", &rest), let second = number(&rest, digits: 2),
            (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60, second <= 60
        else { return nil }
        guard let fraction = fraction(&rest), let zone = zone(&rest), rest.isEmpty else { return nil }
        let seconds = days(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second - zone * 60
        return seconds * 1_000_000 + fraction
    }

    private static func take(_ character: Unicode.Scalar, _ rest: inout ArraySlice<UInt8>) -> Bool {
        guard rest.first == UInt8(ascii: character) else { return false }
        rest.removeFirst()
        return true
    }

    private static func number(_ rest: inout ArraySlice<UInt8>, digits: Int) -> Int64? {
        let text = rest.prefix(digits)
        guard text.count == digits, text.allSatisfy(isDigit) else { return nil }
        rest.removeFirst(digits)
        return text.reduce(0) { $0 * 10 + Int64($1 - UInt8(ascii: "0")) }
    }

    /// Microseconds; 0 where there is none.
    private static func fraction(_ rest: inout ArraySlice<UInt8>) -> Int64? {
        guard take(".", &rest) else { return 0 }
        let digits = rest.prefix(while: isDigit)
        guard !digits.isEmpty else { return nil }
        rest.removeFirst(digits.count)
        var fraction: Int64 = 0
        for index in 0..<6 {
            let digit = index < digits.count ? digits[digits.startIndex + index] - UInt8(ascii: "0") : 0
            fraction = fraction * 10 + Int64(digit)
        }
        return fraction
    }

    /// Minutes ahead of UTC.
    private static func zone(_ rest: inout ArraySlice<UInt8>) -> Int64? {
        if take("Z", &rest) || take("z", &rest) { return 0 }
        let sign: Int64
        if take("+", &rest) { sign = 1 } else if take("-", &rest) { sign = -1 } else { return nil }
        guard let hours = number(&rest, digits: 2), take(":", &rest), let minutes = number(&rest, digits: 2),
            hours < 24, minutes < 60
        else { return nil }
        return sign * (hours * 60 + minutes)
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    /// Days since 1970 after Howard Hinnant's "chrono-compatible low-level date algorithms".
    private static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let shiftedYear = month <= 2 ? year - 1 : year
        let era = (shiftedYear >= 0 ? shiftedYear : shiftedYear - 399) / 400
        let yearOfEra = shiftedYear - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }
}
