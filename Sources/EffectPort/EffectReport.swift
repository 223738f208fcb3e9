import JournalPort

/// A message from an attempt.
public struct EffectReport: Sendable, Equatable {
    public enum Event: Sendable, Equatable {
        /// The next piece of a stream.
        case delta(EffectDelta)
        case completed(EffectResult)
        case failed(EffectFailure)
    }

    /// The effect, with the reporting attempt.
    public var effect: OpenEffect
    public var event: Event

    public init(_ effect: OpenEffect, _ event: Event) {
        self.effect = effect
        self.event = event
    }
}
