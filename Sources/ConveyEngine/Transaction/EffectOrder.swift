import EffectPort
import JournalPort

/// What the effect manager has to do once the transaction has committed.
public enum EffectOrder: Sendable, Equatable {
    /// The attempt's `started` signal is recorded: run it.
    case run(EffectAttempt)
    /// The effect has ended: stop its attempt.
    case stop(EffectKey)
}
