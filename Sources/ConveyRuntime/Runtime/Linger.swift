import Glibc

/// A short rest of a busy connection's thread, so that more gathers for its next round: a transaction, a wake-up and a
/// segment then serve many messages. Kafka's producers call it linger. Measured in docs/operations/performance.md.
///
/// It follows the load: a thread rests only after several rounds in a row that were so large that it is near saturation. One
/// round that is large because the thread was held up (a checkpoint, another process) is no reason; resting would only make
/// those wait longer whose turn comes next. ADR 14 has the reasons for the numbers.
struct Linger {
    /// Messages in a round from which on the next one may be worth waiting for.
    static let threshold = 32

    /// Messages in a round without a rest, averaged over the last few rounds.
    private var average = 0.0
    private var lastRound: Int64 = 0
    /// Of the time since `lastRound`, in microseconds.
    private var rested: Int64 = 0

    /// Weight of the newest round: half of the average is of the last five.
    private static let weight = 1.0 / 8
    /// A single round counts for no more, however long the thread was held up before it.
    private static let most = 2.0 * Double(threshold)
    private static let microseconds: Int64 = 2_000

    /// To be called once a round.
    /// - Parameters:
    ///   - messages: that the round had.
    ///   - now: when it had them, in microseconds of the monotonic clock.
    /// - Returns: how long to rest before the next round, in microseconds; 0 for not at all.
    mutating func rest(after messages: Int, at now: Int64) -> Int64 {
        let elapsed = max(1, now - lastRound)
        // Those that came while the thread rested would otherwise be a reason to rest again.
        let share = Double(max(0, elapsed - rested)) / Double(elapsed)
        lastRound = now
        rested = 0
        average += (min(Double(messages) * share, Self.most) - average) * Self.weight
        guard messages >= Self.threshold, average >= Double(Self.threshold) else { return 0 }
        rested = Self.microseconds
        return Self.microseconds
    }

    static func sleep(_ microseconds: Int64) {
        if microseconds > 0 { usleep(UInt32(microseconds)) }
    }
}
