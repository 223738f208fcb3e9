import EffectPort
import JournalPort
import Signals

/// When a timer fires.
enum TimerDeadline {
    /// A hundred years: keeps sums far from the limit of the number's range.
    private static let delayLimit = 100 * 366 * 86_400_000

    /// - Parameters:
    ///   - input: the tick's data: `fire_at` as RFC 3339 or milliseconds since 1970, or `delay_ms` after the recording.
    ///   - recordedAt: microseconds since 1970.
    /// - Returns: microseconds since 1970; a time in the past fires at once.
    static func microseconds(_ input: [UInt8], recordedAt: Int64) throws(EffectFailure) -> Int64 {
        let data = JSONObjectView(input) ?? .empty
        if let value = data["fire_at"], value.kind != .null {
            if let time = value.string.flatMap(RFC3339.microseconds) { return time }
            if let milliseconds = value.integer {
                let microseconds = Int64(milliseconds).saturatingMultiply(1_000)
                // RFC 3339 cannot express times beyond this range.
                if TimestampWriter.range.contains(microseconds) { return microseconds }
            }
            throw EffectFailure(
                .config,
                "fire_at must be a time like 2026-11-23T09:30:00Z, or milliseconds since 1970, in the years 0000 to 9999"
            )
        }
        if let value = data["delay_ms"], value.kind != .null {
            guard let milliseconds = value.integer, (0...delayLimit).contains(milliseconds) else {
                throw EffectFailure(.config, "delay_ms must be a whole number from 0 to \(delayLimit)")
            }
            return recordedAt.saturatingAdd(Int64(milliseconds) * 1_000)
        }
        throw EffectFailure(
            .config, "a timer needs fire_at (RFC 3339, or milliseconds since 1970) or delay_ms in its data")
    }
}
