import Signals

/// What `conv.audit.effect.attempt_failed` says of an effect, for the start-up that takes it up again. The effect's row has no place for
/// it (docs/adr/0035-journal-format.md), and needs none: the signal is recorded with each failed attempt.
package struct RecordedWait {
    /// When the first of the attempts failed: microseconds since 1970.
    package let since: Int64?
    /// Attempts until then that were running when a process ended.
    package let interruptions: Int
    /// Attempts in a row that met nothing, and the milliseconds that counted; nil where the attempt failed otherwise.
    package let outage: (attempts: Int, spent: Int64)?

    /// - Parameter data: of the signal. Those of earlier versions say less.
    package init(_ data: [UInt8]) {
        let members = JSONObjectView(data) ?? .empty
        since = members["since"]?.string.flatMap(RFC3339.microseconds)
        interruptions = max(0, members["interruptions"]?.integer ?? 0)
        outage = members["unavailable_attempts"]?.integer.map { attempts in
            (attempts, Int64(members["unavailable_ms"]?.integer ?? 0))
        }
    }
}
