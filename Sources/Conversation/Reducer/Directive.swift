import Signals

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

/// Kinds of work outside the process.
public enum EffectClass: String, Sendable, CaseIterable {
    case llm, tool, timer

    /// What an effect of this class does, as it stands in types: `conv.effect.llm.generation.started`.
    public var kind: String {
        switch self {
        case .llm: "generation"
        case .tool: "execution"
        case .timer: "wait"
        }
    }

    /// The id of the effect that a signal starts: `llm-generation-{signal}`.
    public func effectID(startedBy signal: String) -> String { "\(rawValue)-\(kind)-\(signal)" }
}

public struct EffectStart: Sendable, Equatable {
    /// Reproducible: it follows from the class and the causing signal's id.
    public var effectID: String
    public var effectClass: EffectClass
    /// What the effect does, `generation`, `execution` or `wait`.
    public var kind: String
    /// The causing signal's data: a JSON object.
    public var input: [UInt8]
    /// `data.effect_policy` as it is spelled, any kind of JSON; nil where there is none.
    public var policy: [UInt8]?
    /// Generations that ended in tool calls since the last message; above 0 the effect belongs to an answer that has begun.
    public var round = 0
    /// The id of the message that is answered; nil where the effect's own id names it.
    public var answers: String?
}

/// Names an effect of a conversation, in one of the ways in which a person or a program knows it.
public struct EffectTarget: Sendable, Equatable {
    /// As it stands in the effect's signals; nil when it is named otherwise.
    public var effectID: String?
    /// The provider's id of a tool call.
    public var toolCallID: String?
    /// Why, in the words of who asked; nil when there are none.
    public var reason: String?

    init(effectID: String? = nil, _ data: JSONObjectView) {
        self.effectID = effectID ?? data["effect_id"]?.string
        toolCallID = data["tool_call_id"]?.string
        reason = firstPresent(data["reason"], data["message"])?.string
    }
}

/// What a person said about a tool call that needs approval.
public struct ToolDecision: Sendable, Equatable {
    public var target: EffectTarget
    public var isApproved: Bool
}

/// A `conv.out.*` signal to publish.
public struct Output: Sendable, Equatable {
    public var type: String
    public var outputID: String
    /// The channel as JSON; a string unless the producer sent something else.
    public var channel: [UInt8]
    /// A JSON object; it does not hold `output_id` and `channel`.
    public var data: [UInt8]
}
