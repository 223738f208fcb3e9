/// How long a broker has sent nothing although this side listened, and when it is to be asked for a sign of life.
///
/// Only time spent listening counts: a thread that was busy, or that did not read on purpose, learns nothing of the broker.
struct BrokerSilence {
    /// After this much silence, and each time again, the broker is asked.
    static let askAfter = Duration.seconds(10)
    /// Silence that ends the connection: it was asked, and had ten seconds to answer.
    static let limit = Duration.seconds(20)
    /// What one round counts at the most.
    private static let roundLimit = Duration.seconds(2)

    private(set) var duration = Duration.zero
    private var askedAt = Duration.zero
    private var lookedAt = SuspendingClock.now

    /// Bytes have come, or nobody listened.
    mutating func restart() {
        duration = .zero
        askedAt = .zero
        lookedAt = .now
    }

    /// Listened, and nothing came.
    mutating func continues() {
        let now = SuspendingClock.now
        duration += min(now - lookedAt, Self.roundLimit)
        lookedAt = now
    }

    /// Whether it is time to ask; true once for each stretch of `askAfter`.
    mutating func isTimeToAsk() -> Bool {
        guard duration - askedAt >= Self.askAfter else { return false }
        askedAt = duration
        return true
    }
}
