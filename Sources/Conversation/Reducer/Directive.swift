/// An action that the reducer orders for an applied signal. It is carried out only after it is journaled.
public enum Directive: Sendable, Equatable {
    /// Record that the signal was applied, and in what order.
    case emitAppliedMarker
    case startEffect(EffectStart)
    /// Cancel everything in flight in the conversation; the reason is the type of the requesting signal.
    case cancelEffects(reason: String)
    case emitOutput(Output)
    /// Run or end a tool call that waits for approval.
    case decide(ToolDecision)
    /// Retry a failed answer; the newest one if the target names none.
    case retryAnswer(EffectTarget)
    /// Cancel one effect of the conversation.
    case cancelEffect(EffectTarget)
}
