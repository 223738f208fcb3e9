/// Reads times of RFC 3339: `2026-11-23T09:30:00Z`, `2026-11-23t09:30:00.25+01:00`. `TimestampWriter` writes them.
public enum RFC3339 {
    /// Microseconds since 1970, with finer fractions cut off; nil for anything but a valid date and time with an offset.
    public static func microseconds(_ text: String) -> Int64? {
        var rest = Substring(text)
        guard let year = digits(4, &rest), take("-", &rest), let month = digits(2, &rest), take("-", &rest),
            let day = digits(2, &rest), take("Tt ", &rest), let hour = digits(2, &rest), take(":", &rest),
            let minute = digits(2, &rest), take(":", &rest), let second = digits(2, &rest),
            (1...12).contains(month), (1...days(in: month, year)).contains(day), hour < 24, minute < 60, second <= 60,
            let fraction = fraction(&rest), let offset = offset(&rest), rest.isEmpty
        else { return nil }
        let seconds = daysSince1970(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second - offset
        return seconds * 1_000_000 + fraction
    }

    private static func take(_ characters: String, _ rest: inout Substring) -> Bool {
        guard let first = rest.first, characters.contains(first) else { return false }
        rest.removeFirst()
        return true
    }

    private static func digits(_ count: Int, _ rest: inout Substring) -> Int64? {
        let text = rest.prefix(count)
        guard text.utf8.count == count, text.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
        rest.removeFirst(count)
        return Int64(text)
    }

    /// Microseconds; further digits are dropped.
    private static func fraction(_ rest: inout Substring) -> Int64? {
        guard take(".", &rest) else { return 0 }
        let text = rest.prefix { $0.isASCII && $0.isNumber }
        guard !text.isEmpty else { return nil }
        rest.removeFirst(text.count)
        return Int64(String((text + "000000").prefix(6)))
    }

    /// Seconds east of UTC.
    private static func offset(_ rest: inout Substring) -> Int64? {
        if take("Zz", &rest) { return 0 }
        let sign: Int64 = rest.first == "-" ? -1 : 1
        guard take("+-", &rest), let hours = digits(2, &rest), take(":", &rest), let minutes = digits(2, &rest),
            hours < 24, minutes < 60
        else { return nil }
        return sign * (hours * 3_600 + minutes * 60)
    }

    static func days(in month: Int64, _ year: Int64) -> Int64 {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// After Howard Hinnant's "chrono-compatible low-level date algorithms".
    private static func daysSince1970(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }
}
