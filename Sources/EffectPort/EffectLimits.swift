/// The time limits of one attempt.
public struct EffectLimits: Sendable, Equatable {
    public var timeout: Duration
    /// The longest pause in a stream, including the time before its first piece.
    public var idleTimeout: Duration

    public init(timeout: Duration = .seconds(600), idleTimeout: Duration = .seconds(60)) {
        self.timeout = timeout
        self.idleTimeout = idleTimeout
    }
}
