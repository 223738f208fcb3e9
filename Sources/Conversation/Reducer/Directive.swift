/// What the reducer orders once a signal is applied. Nothing of it is carried out before it is journaled.
public enum Directive: Sendable, Equatable {
    /// Record that the signal was applied, and in what order.
    case emitAppliedMarker
    case startEffect(EffectStart)
    /// Cancel all that is in flight for the conversation; the reason is the type of the signal that asked for it.
    case cancelEffects(reason: String)
    case emitOutput(Output)
    /// Let a tool that waits for a person's approval run, or end it.
    case decide(ToolDecision)
    /// Cancel one effect of the conversation.
    case cancelEffect(EffectTarget)
}
