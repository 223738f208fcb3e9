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

/// When a thread turned last, and how long that may be.
public struct ThreadAge: Sendable, Equatable {
    public var name: String
    public var seconds: Double
    /// In seconds.
    public var limit: Double

    public init(name: String, seconds: Double, limit: Double) {
        self.name = name
        self.seconds = seconds
        self.limit = limit
    }

    /// Whether the thread hangs, as far as can be told.
    public var isOverdue: Bool { seconds > limit }

    /// `has not turned for 41 s; the limit is 30 s`
    public var words: String { "has not turned for \(Int(seconds)) s; the limit is \(Int(limit)) s" }
}

/// How long threads may take for one turn. What is slow but works must not be restarted by whoever asks `/healthz`, so each
/// limit is far above what a turn takes on a slow machine.
public enum BeatLimits {
    /// A transaction, its sync to disk included; worn-out cards take ten seconds.
    public static let engine = Duration.seconds(30)
    /// Opening the journal, SQLite's own recovery included, and reading what the last checkpoint left.
    public static let start = Duration.seconds(600)
    /// One round of a connection to the broker.
    public static let connection = Duration.seconds(30)
    /// Name resolution and a TCP handshake take as long as the kernel tries: 130 s where a host swallows packets.
    public static let connecting = Duration.seconds(180)
    /// Ingress waits for the engine's commit; that one has 30 s, and its own beat.
    public static let commit = Duration.seconds(60)
    /// A question has 4 s, looked at between reads from the disk.
    public static let query = Duration.seconds(60)
    /// Its thread has a low priority and rests as it likes.
    public static let verification = Duration.seconds(600)
    /// Beyond this age of the engine's beat signals are not taken as a user would expect it: `/readyz` says so.
    package static let engineReady = 10.0
}

extension Duration {
    /// Whole microseconds; the end of the range for what is beyond it.
    package var microseconds: Int64 {
        components.seconds.saturatingMultiply(1_000_000).saturatingAdd(components.attoseconds / 1_000_000_000_000)
    }
}
