/// Upper bounds for `data.effect_policy` of a signal.
public struct EffectPolicyBounds: Sendable, Equatable {
    public var maxAttempts: Int
    public var backoff: Duration
    public var timeout: Duration

    public init(maxAttempts: Int = 10, backoff: Duration = .seconds(300), timeout: Duration = .seconds(3_600)) {
        self.maxAttempts = maxAttempts
        self.backoff = backoff
        self.timeout = timeout
    }
}
