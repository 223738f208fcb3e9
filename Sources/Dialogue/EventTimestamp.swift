import Foundation

/// Times in the format of events and the log.
package enum EventTimestamp {
    /// RFC 3339 in UTC with milliseconds.
    package static func text(_ time: Date) -> String {
        time.formatted(
            .iso8601.year().month().day().time(includingFractionalSeconds: true).timeZone(separator: .omitted))
    }

    /// The time of day to the second out of an RFC 3339 time.
    static func clock(_ time: String) -> String {
        guard let t = time.firstIndex(of: "T") else { return time }
        return String(time[time.index(after: t)...].prefix(8))
    }
}
