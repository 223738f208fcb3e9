/// The `Retry-After` header (RFC 9110, section 10.2.3): seconds, or a date.
package enum RetryAfter {
    /// A longer wait is no longer a retry. Also limits the effect of a wrong clock on a date.
    static let limit = Duration.seconds(86_400)

    /// Nil for an unreadable value.
    /// - Parameter now: seconds since 1970.
    package static func parse(_ text: String, now: Int64) -> Duration? {
        if let seconds = Double(text), seconds.isFinite {
            return bounded(.milliseconds(Int64(min(max(seconds, 0), 1e9) * 1_000)))
        }
        return seconds(ofDate: text).map { bounded(.seconds($0 - now)) }
    }

    /// At least zero and at most `limit`.
    static func bounded(_ duration: Duration) -> Duration { min(max(duration, .zero), limit) }

    /// Seconds since 1970 of an HTTP date in any of its three forms (RFC 9110, section 5.6.7):
    /// `Sun, 06 Nov 1994 08:49:37 GMT`, `Sunday, 06-Nov-94 08:49:37 GMT`, `Sun Nov  6 08:49:37 1994`.
    static func seconds(ofDate text: String) -> Int64? {
        let words = text.split { $0 == " " || $0 == "-" }
        let isAscTime = words.count == 5
        guard isAscTime || words.count == 6 && words[5] == "GMT" else { return nil }
        let (dayWord, monthWord) = isAscTime ? (words[2], words[1]) : (words[1], words[2])
        let (yearWord, timeWord) = isAscTime ? (words[4], words[3]) : (words[3], words[4])
        guard let day = Int64(dayWord), var year = Int64(yearWord), let month = months.firstIndex(of: monthWord)
        else { return nil }
        if yearWord.count == 2 { year += year < 70 ? 2_000 : 1_900 }
        guard (1...31).contains(day), (1970...9999).contains(year) else { return nil }
        let time = timeWord.split(separator: ":").map { Int64($0) ?? -1 }
        guard time.count == 3, (0..<24).contains(time[0]), (0..<60).contains(time[1]), (0...60).contains(time[2]) else {
            return nil
        }
        return days(year: year, month: Int64(month) + 1, day: day) * 86_400 + time[0] * 3_600 + time[1] * 60 + time[2]
    }

    private static let months: [Substring] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// Days since 1970 in the Gregorian calendar, counted in years that begin in March, so that the leap day is the last.
    private static func days(year: Int64, month: Int64, day: Int64) -> Int64 {
        let marchYear = month > 2 ? year : year - 1
        let marchMonth = (month + 9) % 12
        let dayOfYear = (153 * marchMonth + 2) / 5 + day - 1
        return marchYear * 365 + marchYear / 4 - marchYear / 100 + marchYear / 400 + dayOfYear - 719_468
    }
}
