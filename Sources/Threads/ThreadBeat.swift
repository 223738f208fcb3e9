import Synchronization

/// The sign of life of one long-lived thread. The thread beats in each round, idle or not; others read the age of the
/// last beat and the deadline for the next. A beat costs two stores and one read of the clock.
public final class ThreadBeat: Sendable {
    /// The thread's name in `/healthz`, the log and the metric: `engine`.
    public let name: String
    private let usual: Int64
    /// Microseconds of the monotonic clock.
    private let turnedAt: Atomic<Int64>
    /// Microseconds until the next beat is overdue.
    private let allowed: Atomic<Int64>
    private let hasEnded = Atomic(false)

    /// Creation counts as the first beat.
    init(_ name: String, limit: Duration) {
        self.name = name
        usual = limit.microseconds
        turnedAt = Atomic(Clocks.monotonicMicroseconds())
        allowed = Atomic(usual)
    }

    /// Reports that the thread is running.
    /// - Parameter limit: maximum duration of the step that begins now, if it differs from the usual limit.
    public func turn(allowing limit: Duration? = nil) {
        allowed.store(limit?.microseconds ?? usual, ordering: .relaxed)
        turnedAt.store(Clocks.monotonicMicroseconds(), ordering: .relaxed)
    }

    /// The thread has finished: from now on its silence means nothing.
    public func end() { hasEnded.store(true, ordering: .relaxed) }

    /// The age of the last beat; nil if the thread has ended.
    func age(now: Int64) -> ThreadAge? {
        guard !hasEnded.load(ordering: .relaxed) else { return nil }
        let age = max(0, now - turnedAt.load(ordering: .relaxed))
        return ThreadAge(
            name: name, seconds: Double(age) / 1_000_000,
            limit: Double(allowed.load(ordering: .relaxed)) / 1_000_000)
    }
}

extension Duration {
    /// Whole microseconds; saturates at the limits of the range.
    package var microseconds: Int64 {
        components.seconds.saturatingMultiply(1_000_000).saturatingAdd(components.attoseconds / 1_000_000_000_000)
    }
}
