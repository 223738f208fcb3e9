import Foundation

/// Times in the format of events and the log.
package enum EventTimestamp {
    /// RFC 3339 in UTC with milliseconds.
    package static func text(_ time: Date) -> String {
        time.formatted(
            .iso8601.year().month().day().time(includingFractionalSeconds: true).timeZone(separator: .omitted))
    }
}
