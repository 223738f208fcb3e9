/// Topics at which the broker has closed the connection. They expire after a while; beyond a limit the oldest are
/// forgotten.
struct ShunnedTopics {
    private static let limit = 1_000
    private static let microseconds: Int64 = 60_000_000
    private var until: [String: Int64] = [:]

    mutating func insert(_ topic: String, now: Int64) {
        if until.count >= Self.limit { until = until.filter { $0.value > now } }
        if until.count >= Self.limit, let oldest = until.min(by: { $0.value < $1.value }) { until[oldest.key] = nil }
        until[topic] = now + Self.microseconds
    }

    func contains(_ topic: String, now: Int64) -> Bool {
        guard !until.isEmpty, let end = until[topic] else { return false }
        return end > now
    }
}
