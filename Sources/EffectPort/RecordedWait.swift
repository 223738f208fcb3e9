import Signals

/// The state of a waiting effect, decoded from `conv.audit.effect.attempt_failed` by a start-up that resumes the effect. The effect's row
/// has no columns for it (docs/adr/0035-journal-format.md). It needs none, because each failed attempt records this signal.
package struct RecordedWait {
    /// The time of the first failed attempt, in microseconds since 1970.
    package let since: Int64?
    /// The number of attempts so far that were running when a process ended.
    package let interruptions: Int
    /// The number of consecutive attempts during the outage, and the milliseconds that count; nil if the attempt failed otherwise.
    package let outage: (attempts: Int, spent: Int64)?

    /// - Parameter data: the data of the signal. Earlier versions recorded fewer members.
    package init(_ data: [UInt8]) {
        let members = JSONObjectView(data) ?? .empty
        since = members["since"]?.string.flatMap(RFC3339.microseconds)
        interruptions = max(0, members["interruptions"]?.integer ?? 0)
        outage = members["unavailable_attempts"]?.integer.map { attempts in
            (attempts, Int64(members["unavailable_ms"]?.integer ?? 0))
        }
    }
}
