/// The reason a `poll` returned.
public struct PollResult: Sendable {
    /// `read()` will return something (or the end of the connection).
    public var isReadable = false
    /// The wake handle fired.
    public var isWoken = false
    /// The broker is gone; `read()` returns what it still sent, then the end. Set even while not reading.
    public var hasEnded = false
}
