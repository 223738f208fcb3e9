import Synchronization

/// The sign of life of one long-lived thread. The thread beats each time it turns, idle or not; others read how long ago
/// that was and by when the next beat is due. A beat costs two stores and a look at the clock.
public final class ThreadBeat: Sendable {
    /// What the thread is called in `/healthz`, the log and the metric: `engine`.
    public let name: String
    private let usual: Int64
    /// Microseconds of the monotonic clock.
    private let turnedAt: Atomic<Int64>
    /// Microseconds until the next beat is overdue.
    private let allowed: Atomic<Int64>
    private let hasEnded = Atomic(false)

    /// The first beat is that of the creation.
    init(_ name: String, limit: Duration) {
        self.name = name
        usual = limit.microseconds
        turnedAt = Atomic(Clocks.monotonicMicroseconds())
        allowed = Atomic(usual)
    }

    /// Says that the thread turns.
    /// - Parameter limit: how long the step that begins now may take, where that is not the usual limit.
    public func turn(allowing limit: Duration? = nil) {
        allowed.store(limit?.microseconds ?? usual, ordering: .relaxed)
        turnedAt.store(Clocks.monotonicMicroseconds(), ordering: .relaxed)
    }

    /// The thread's work is done: its silence means nothing from here on.
    public func end() { hasEnded.store(true, ordering: .relaxed) }

    /// How old the last beat is; nil when the thread has ended.
    func age(now: Int64) -> ThreadAge? {
        guard !hasEnded.load(ordering: .relaxed) else { return nil }
        let age = max(0, now - turnedAt.load(ordering: .relaxed))
        return ThreadAge(
            name: name, seconds: Double(age) / 1_000_000,
            limit: Double(allowed.load(ordering: .relaxed)) / 1_000_000)
    }
}

extension Duration {
    /// Whole microseconds; the end of the range for what is beyond it.
    package var microseconds: Int64 {
        components.seconds.saturatingMultiply(1_000_000).saturatingAdd(components.attoseconds / 1_000_000_000_000)
    }
}
