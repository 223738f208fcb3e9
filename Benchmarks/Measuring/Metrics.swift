/// A page of `/metrics`: the samples without labels, by name.
struct Metrics {
    private var samples: [Substring: Double] = [:]

    static let duplicates = "convey_signals_duplicate_total"
    /// Counters that stay zero in normal operation.
    static let mustBeZero = [
        duplicates, "convey_signals_rejected_total", "convey_dead_letters_total", "convey_commit_failures_total",
        "convey_broker_sessions_lost_total",
    ]

    /// - Parameter text: in the Prometheus text format.
    init(text: String) {
        for line in text.split(whereSeparator: \.isNewline) where !line.hasPrefix("#") {
            let words = line.split(separator: " ")
            guard words.count == 2, let value = Double(words[1]) else { continue }
            // Labels are summed: counts by code or class are added.
            samples[words[0].prefix { $0 != "{" }, default: 0] += value
        }
    }

    /// 0 for a metric that is not on the page.
    subscript(name: String) -> Double { samples[name[...]] ?? 0 }

    /// The average number of records per transaction between two pages.
    static func recordsPerCommit(from first: Metrics, to last: Metrics) -> Double {
        let commits = last["convey_commits_total"] - first["convey_commits_total"]
        return commits > 0
            ? (last["convey_signals_recorded_total"] - first["convey_signals_recorded_total"]) / commits : 0
    }

    /// The average duration of a transaction between two pages.
    static func commitMilliseconds(from first: Metrics, to last: Metrics) -> Double {
        let commits = last["convey_commit_duration_seconds_count"] - first["convey_commit_duration_seconds_count"]
        let seconds = last["convey_commit_duration_seconds_sum"] - first["convey_commit_duration_seconds_sum"]
        return commits > 0 ? seconds / commits * 1_000 : 0
    }
}
