/// How long a broker has sent nothing while this side listened, and when to send it a probe.
///
/// Only time spent listening counts: a thread that was busy, or that did not read on purpose, learns nothing of the broker.
struct BrokerSilence {
    /// Maximum silence counted per round.
    private static let roundLimit = Duration.seconds(2)

    private let limits: BrokerSilenceLimits
    private(set) var duration = Duration.zero
    private var askedAt = Duration.zero
    private var lookedAt = SuspendingClock.now

    init(_ limits: BrokerSilenceLimits) {
        self.limits = limits
    }

    /// Whether the connection is to be ended.
    var isTooLong: Bool { duration >= limits.end }

    /// Bytes arrived, or this side did not listen.
    mutating func restart() {
        duration = .zero
        askedAt = .zero
        lookedAt = .now
    }

    /// Listened without receiving anything.
    mutating func continues() {
        let now = SuspendingClock.now
        duration += min(now - lookedAt, Self.roundLimit)
        lookedAt = now
    }

    /// Whether it is time to ask; true once for each stretch of `limits.askAfter`.
    mutating func isTimeToAsk() -> Bool {
        guard duration - askedAt >= limits.askAfter else { return false }
        askedAt = duration
        return true
    }
}
