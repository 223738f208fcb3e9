import Threads

/// The pauses between attempts: each is twice as long as the previous one, up to a limit.
package struct Backoff {
    private static let first: Int64 = 100_000
    /// A connection that stays down is logged once per interval, not once per attempt.
    private static let silence: Int64 = 60_000_000
    private let longest: Int64
    private var delay = Backoff.first
    private var notBefore: Int64 = 0
    private var quietUntil: Int64 = 0

    /// - Parameter longest: the longest pause.
    package init(longest: Duration = .seconds(5)) {
        self.longest = longest.microseconds
    }

    /// Milliseconds until the next attempt is due; 0 when it is.
    package var remainingMilliseconds: Int {
        Int(max(0, (notBefore - Clocks.monotonicMicroseconds() + 999) / 1_000))
    }

    /// - Returns: whether to log it: the first time, and then once a minute.
    package mutating func failed() -> Bool {
        let now = Clocks.monotonicMicroseconds()
        notBefore = now + delay
        delay = min(delay * 2, longest)
        guard now >= quietUntil else { return false }
        quietUntil = now + Self.silence
        return true
    }

    /// The next failure counts as the first again.
    package mutating func succeeded() {
        delay = Self.first
        notBefore = 0
        quietUntil = 0
    }
}
