import Conversation
import JournalPort
import Signals

/// Runs one class of effects. Implementations live in EffectHandlers.
public protocol EffectHandler: Sendable {
    /// Runs one attempt to its end.
    ///
    /// The manager cancels the task when the effect is canceled or the attempt times out. The handler then closes its
    /// resources and throws `CancellationError` within 100 ms.
    ///
    /// - Parameter emit: passes on the next piece of a stream, to be journaled. Waits while the engine is behind.
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
    /// The call, for a tool; nil for the other classes.
    public var call: ToolCall?
    /// Number of generations since the last message that ended in tool calls: 0 for the first generation.
    public var toolRound: Int
    /// The `data` of the conversation's newest `conv.in.conversation.configured`, JSON; nil when there is none.
    public var configuration: [UInt8]?
    /// The conversation's newest record when the attempt started, and the last one in a model's context.
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
        /// A tool's report on its progress.
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
    /// `content` is empty because the handler could not keep the text, which is what the attempt streamed.
    public var isContentStreamed = false
    /// As OpenAI-compatible providers name it: `stop`, `length`, `tool_calls`, …; nil for tools.
    public var finishReason: String?
    /// The calls that the model requests.
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

        /// Whether another attempt may succeed.
        public var isRetriable: Bool {
            switch self {
            case .timeout, .provider, .transport: true
            case .config, .auth, .canceled, .unknown: false
            }
        }
    }

    public var category: Category
    /// The problem, its place, and what to do about it. Published.
    public var message: String
    /// The wait before the next attempt that the provider asks for.
    public var retryAfter: Duration?
    /// A code for programs if the category is not specific enough: `double_texting_rejected`; nil for none.
    public var code: String?

    public init(_ category: Category, _ message: String, retryAfter: Duration? = nil, code: String? = nil) {
        self.category = category
        self.message = message
        self.retryAfter = retryAfter
        self.code = code
    }
}
