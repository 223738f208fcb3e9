import Foundation
import JournalSupport
import Testing

@testable import JournalPort
@testable import Signals

@Suite struct TimestampTests {
    /// The C library's calendar, which is Gregorian for all times.
    private func reference(_ microseconds: Int64) -> String {
        var seconds = time_t(microseconds / 1_000_000)
        var fraction = microseconds % 1_000_000
        if fraction < 0 {
            fraction += 1_000_000
            seconds -= 1
        }
        var parts = tm()
        gmtime_r(&seconds, &parts)
        return String(
            format: "%04d-%02d-%02dT%02d:%02d:%02d.%06dZ", Int(parts.tm_year) + 1_900, parts.tm_mon + 1, parts.tm_mday,
            parts.tm_hour, parts.tm_min, parts.tm_sec, Int(fraction))
    }

    @Test func `Every time of the years 0 to 9999 is written as the calendar has it, and reads back`() {
        var writer = TimestampWriter()
        var random = SeededRandom(seed: 12)
        for _ in 0..<20_000 {
            let time = Int64.random(in: TimestampWriter.range, using: &random)
            let text = writer.text(time)
            #expect(text == reference(time), "seed 12, \(time)")
            #expect(RFC3339.microseconds(text) == time, "seed 12, \(text)")
        }
    }

    @Test func `The first and last moment of every Gregorian year is written as Foundation has it`() throws {
        var writer = TimestampWriter()
        var calendar = Calendar(identifier: .iso8601)
        calendar.timeZone = try #require(TimeZone(secondsFromGMT: 0))
        // Foundation's calendar is Julian before 1583.
        for year in 1_583...9_999 {
            let first = try #require(calendar.date(from: DateComponents(year: year, month: 1, day: 1)))
            let seconds = Int64(first.timeIntervalSince1970)
            let name = String(format: "%04d", year)
            #expect(writer.text(seconds * 1_000_000) == "\(name)-01-01T00:00:00.000000Z")
            let before = String(format: "%04d", year - 1)
            #expect(writer.text(seconds * 1_000_000 - 1) == "\(before)-12-31T23:59:59.999999Z")
        }
    }

    @Test(arguments: [
        (Int64.min, "0000-01-01T00:00:00.000000Z"), (.max, "9999-12-31T23:59:59.999999Z"),
        (-1, "1969-12-31T23:59:59.999999Z"), (-13_259_000_000, "1969-12-31T20:19:01.000000Z"),
    ])
    func `A time outside RFC 3339's range is written as the nearest limit`(time: Int64, text: String) {
        var writer = TimestampWriter()
        #expect(writer.text(time) == text)
    }
}
