import Conversation
import JournalPort
import Signals

/// One attempt at an effect.
public struct EffectAttempt: Sendable, Equatable {
    /// For providers and tools that recognize repeats, `{tag}-{position}-{ordinal}`: the same in every attempt at an
    /// effect, and different for each effect, across all shards and data directories.
    public var idempotencyKey: String
    public var effect: OpenEffect
    /// The `data` of the signal that ordered the effect, JSON.
    public var input: [UInt8]
    /// The call, for a tool; nil for the other classes.
    public var call: ToolCall?
    /// Number of generations since the last message that ended in tool calls: 0 for the first generation.
    public var toolRound: Int
    /// The `data` of the conversation's newest `conv.in.conversation.configured`, JSON; nil if there is none.
    public var configuration: [UInt8]?
    /// The conversation's newest record when the attempt started, and the last record in a model's context.
    public var contextThrough: Position
    public var limits: EffectLimits
    public var traceparent: String?

    public init(
        idempotencyKey: String, effect: OpenEffect, input: [UInt8], call: ToolCall? = nil, toolRound: Int = 0,
        configuration: [UInt8]? = nil,
        contextThrough: Position = .start, limits: EffectLimits = EffectLimits(), traceparent: String? = nil
    ) {
        self.idempotencyKey = idempotencyKey
        self.effect = effect
        self.input = input
        self.call = call
        self.toolRound = toolRound
        self.configuration = configuration
        self.contextThrough = contextThrough
        self.limits = limits
        self.traceparent = traceparent
    }
}
