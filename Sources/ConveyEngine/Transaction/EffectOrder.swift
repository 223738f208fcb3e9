import EffectPort
import JournalPort

/// An order for the effect manager, to be carried out after the transaction has committed.
public enum EffectOrder: Sendable, Equatable {
    /// The attempt's `started` signal is recorded: run it.
    case run(EffectAttempt)
    /// The effect has ended: stop its attempt.
    case stop(EffectKey)
}
