/// Ten lines a minute: enough to see what happens, even if it happens all the time.
package struct LogQuota: Sendable {
    private static let limit = 10
    private static let period: Int64 = 60_000_000
    private var count = 0
    private var since: Int64 = .min

    package init() {}

    /// Whether one more line may be logged now.
    /// - Parameter now: microseconds of a clock that does not run backwards.
    package mutating func allows(now: Int64) -> Bool {
        if since == .min || now - since >= Self.period {
            since = now
            count = 0
        }
        count += 1
        return count <= Self.limit
    }
}
