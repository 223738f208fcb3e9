/// What an attempt has to say.
public struct EffectReport: Sendable, Equatable {
    public enum Event: Sendable, Equatable {
        /// The next piece of a stream.
        case delta(EffectDelta)
        case completed(EffectResult)
        case failed(EffectFailure)
    }

    public var key: EffectKey
    public var attempt: Int
    public var event: Event

    public init(key: EffectKey, attempt: Int, event: Event) {
        self.key = key
        self.attempt = attempt
        self.event = event
    }
}
