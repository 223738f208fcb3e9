/// How long a broker has sent nothing while this side listened, and when to send it a probe.
///
/// Only time spent listening counts: a thread that was busy, or that deliberately did not read, learns nothing about
/// the broker.
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

    /// Whether the connection must be ended.
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

    /// Whether a probe is due; true once per interval of `limits.askAfter`.
    mutating func isTimeToAsk() -> Bool {
        guard duration - askedAt >= limits.askAfter else { return false }
        askedAt = duration
        return true
    }
}
