import Signals

/// Consecutive attempts that found the model or tool unavailable. A start-up reads this value back from the journal.
struct EffectOutage: Equatable {
    /// The number of consecutive attempts.
    private(set) var attempts = 0
    /// Milliseconds that count so far, without the time in which Convey did not run.
    private(set) var spent: Int64 = 0
    /// The time up to which `spent` counts, in monotonic milliseconds.
    private var countedTo: Int64

    /// Starts counting.
    init(now: Int64) {
        countedTo = now
    }

    /// Continues with the values recorded before a restart.
    init(attempts: Int, spent: Int64, now: Int64) {
        self.attempts = max(0, attempts)
        self.spent = max(0, spent)
        countedTo = now
    }

    /// Counts one more attempt.
    mutating func count(now: Int64) {
        attempts += 1
        spent = spent.saturatingAdd(max(0, now.saturatingSubtract(countedTo)))
        countedTo = now
    }
}
