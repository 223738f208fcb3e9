/// The attribute `time` (CloudEvents 1.0.2, section "time"): the part of RFC 3339 that every SDK reads.
///
/// Second 60, year 0000 and more than nine fractional digits are not accepted: RFC 3339 allows them, but the
/// date types of common languages do not.
enum EventTime {
    static let maximumFractionDigits = 9

    /// The time in its published form, with capital T and Z; nil if the text is not such a time.
    static func canonical(_ text: String) -> String? {
        var copy = text
        let spelling: Spelling = copy.withUTF8 { read($0) }
        switch spelling {
        case .canonical: return text
        case .smallLetters: return text.uppercased()
        case .invalid: return nil
        }
    }

    private enum Spelling { case canonical, smallLetters, invalid }

    private static func read(_ text: UnsafeBufferPointer<UInt8>) -> Spelling {
        guard text.count >= 20, let year = number(text, 0..<4), text[4] == dash, let month = number(text, 5..<7),
            text[7] == dash, let day = number(text, 8..<10), text[10] | 0x20 == UInt8(ascii: "t"),
            let hour = number(text, 11..<13), text[13] == colon, let minute = number(text, 14..<16), text[16] == colon,
            let second = number(text, 17..<19), year >= 1, (1...12).contains(month),
            (1...RFC3339.days(in: month, year)).contains(day), hour < 24, minute < 60, second < 60
        else { return .invalid }
        var zone = 19
        if text[zone] == UInt8(ascii: ".") {
            let start = zone + 1
            zone = start
            while zone < text.count, isDigit(text[zone]) { zone += 1 }
            guard (1...maximumFractionDigits).contains(zone - start), zone < text.count else { return .invalid }
        }
        let isZulu = text[zone] | 0x20 == UInt8(ascii: "z") && zone + 1 == text.count
        guard isZulu || isOffset(text, from: zone) else { return .invalid }
        let hasSmallLetters = text[10] == UInt8(ascii: "t") || text[zone] == UInt8(ascii: "z")
        return hasSmallLetters ? .smallLetters : .canonical
    }

    /// `+01:00` up to the text's end.
    private static func isOffset(_ text: UnsafeBufferPointer<UInt8>, from start: Int) -> Bool {
        guard text.count == start + 6, text[start] == UInt8(ascii: "+") || text[start] == dash,
            let hours = number(text, start + 1..<start + 3), text[start + 3] == colon,
            let minutes = number(text, start + 4..<start + 6)
        else { return false }
        return hours < 24 && minutes < 60
    }

    private static let dash = UInt8(ascii: "-")
    private static let colon = UInt8(ascii: ":")

    /// Nil if a byte is not a digit.
    private static func number(_ text: UnsafeBufferPointer<UInt8>, _ range: Range<Int>) -> Int64? {
        var number: Int64 = 0
        for index in range {
            guard isDigit(text[index]) else { return nil }
            number = number * 10 + Int64(text[index] - UInt8(ascii: "0"))
        }
        return number
    }
}
