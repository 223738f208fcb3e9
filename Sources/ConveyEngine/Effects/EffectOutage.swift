import Signals

/// Attempts in a row that found nothing to do the work. A value that a start-up reads back from the journal.
struct EffectOutage: Equatable {
    /// Attempts in a row that met it.
    private(set) var attempts = 0
    /// Milliseconds that count so far. Time in which Convey did not run does not.
    private(set) var spent: Int64 = 0
    /// Up to here `spent` counts, in monotonic milliseconds.
    private var countedTo: Int64

    /// Begins to count.
    init(now: Int64) {
        countedTo = now
    }

    /// Goes on with what was recorded before a restart.
    init(attempts: Int, spent: Int64, now: Int64) {
        self.attempts = max(0, attempts)
        self.spent = max(0, spent)
        countedTo = now
    }

    /// Counts one more attempt that has met nothing.
    mutating func count(now: Int64) {
        attempts += 1
        spent = spent.saturatingAdd(max(0, now.saturatingSubtract(countedTo)))
        countedTo = now
    }
}
