import Conversation
import JournalPort
import Signals

/// Runs one class of effects. Implementations live in EffectHandlers.
public protocol EffectHandler: Sendable {
    /// Runs one attempt to its end.
    ///
    /// The manager cancels the task when the effect is canceled and when the attempt's time is up; the handler then closes
    /// what it has open and throws `CancellationError`, within 100 ms.
    ///
    /// - Parameter emit: hands over the next piece of a stream, which is journaled; waits while the engine is behind.
    /// - Throws: `EffectFailure`; `CancellationError` when the task was cancelled.
    func run(
        _ attempt: EffectAttempt, emit: @escaping @Sendable (EffectDelta) async throws -> Void
    ) async throws -> EffectResult
}

/// One try at an effect.
public struct EffectAttempt: Sendable, Equatable {
    /// For providers and tools that recognize repeats, `{tag}-{position}-{ordinal}`: the same in every attempt at an effect, and
    /// another for each effect, over all shards and data directories.
    public var idempotencyKey: String
    public var effect: OpenEffect
    /// The `data` of the signal that ordered the effect, JSON.
    public var input: [UInt8]
    /// What a tool is asked to do; nil for the other classes.
    public var call: ToolCall?
    /// Generations that ended in tool calls since the last message: 0 for the first.
    public var toolRound: Int
    /// The `data` of the conversation's newest `conv.in.conversation.configured`, JSON; nil when there is none.
    public var configuration: [UInt8]?
    /// The conversation's newest record when the attempt was started: what a model's context reaches to.
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

/// How long one attempt may take.
public struct EffectLimits: Sendable, Equatable {
    public var timeout: Duration
    /// The longest pause in a stream, its first piece included.
    public var idleTimeout: Duration

    public init(timeout: Duration = .seconds(600), idleTimeout: Duration = .seconds(60)) {
        self.timeout = timeout
        self.idleTimeout = idleTimeout
    }
}

/// A piece of a stream.
public struct EffectDelta: Sendable, Equatable {
    public enum Kind: String, Sendable {
        /// Text of the answer.
        case content
        /// A model's reasoning, which is not part of the answer.
        case thinking
        /// What a tool says of its progress.
        case message
    }

    public var kind: Kind
    public var text: String

    public init(_ text: String, kind: Kind = .content) {
        self.kind = kind
        self.text = text
    }
}

public struct EffectResult: Sendable, Equatable {
    /// The whole text; a tool's result as text or JSON.
    public var content: String
    /// The text is what the attempt has streamed, and `content` is empty: the handler could not keep it.
    public var isContentStreamed = false
    /// As OpenAI-compatible providers name it: `stop`, `length`, `tool_calls`, …; nil for tools.
    public var finishReason: String?
    /// What the model asks to be called.
    public var toolCalls: [ToolCall]
    /// Further members of the `completed` signal's data (usage, model, provider, thinking): a JSON object.
    public var details: [UInt8]

    public init(
        content: String, finishReason: String? = nil, toolCalls: [ToolCall] = [], details: [UInt8] = Array("{}".utf8)
    ) {
        self.content = content
        self.finishReason = finishReason
        self.toolCalls = toolCalls
        self.details = details
    }
}

/// Why an attempt failed.
public struct EffectFailure: Error, Sendable, Equatable {
    public enum Category: String, Sendable, CaseIterable {
        case config, auth, timeout, provider, transport, canceled, unknown

        /// Whether another attempt may end otherwise.
        public var isRetriable: Bool {
            switch self {
            case .timeout, .provider, .transport: true
            case .config, .auth, .canceled, .unknown: false
            }
        }
    }

    public var category: Category
    /// What, where, and what to do; it is published.
    public var message: String
    /// How long the provider asks to wait before the next attempt.
    public var retryAfter: Duration?
    /// For programs, where the category does not say enough: `double_texting_rejected`; nil for none.
    public var code: String?

    public init(_ category: Category, _ message: String, retryAfter: Duration? = nil, code: String? = nil) {
        self.category = category
        self.message = message
        self.retryAfter = retryAfter
        self.code = code
    }
}
