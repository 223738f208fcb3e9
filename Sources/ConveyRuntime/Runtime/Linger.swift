import Glibc

/// A short pause of a busy connection's thread, so that more messages gather for its next round: one transaction,
/// wake-up and segment then serve many messages. Kafka's producers call it linger. For measurements see
/// docs/operations/performance.md.
///
/// It follows the load: a thread pauses only after several rounds in a row that were so large that it is near
/// saturation. One large round after the thread was held up (a checkpoint, another process) is no reason: a pause would
/// only delay the messages that wait. ADR 14 explains the numbers.
struct Linger {
    /// Messages per round from which waiting for more may pay off.
    static let threshold = 32

    /// Messages per round without a pause, averaged over the last few rounds.
    private var average = 0.0
    private var lastRound: Int64 = 0
    /// The part of the time since `lastRound` that was a pause, in microseconds.
    private var rested: Int64 = 0

    /// Weight of the newest round: the last five rounds make up half of the average.
    private static let weight = 1.0 / 8
    /// Maximum weight of a single round, however long the thread was held up before it.
    private static let most = 2.0 * Double(threshold)
    private static let microseconds: Int64 = 2_000

    /// Call this once per round.
    /// - Parameters:
    ///   - messages: the number of messages in the round.
    ///   - now: the time of the round, in microseconds of the monotonic clock.
    /// - Returns: how long to pause before the next round, in microseconds; 0 for no pause.
    mutating func rest(after messages: Int, at now: Int64) -> Int64 {
        let elapsed = max(1, now - lastRound)
        // Otherwise the messages that arrived during a pause would be a reason for another pause.
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
