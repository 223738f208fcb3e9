import ChatCompletions

/// The models and their parameters, unless a conversation overrides them.
public struct ModelSettings: Sendable {
    /// The name of the built-in model, which needs no provider.
    public static let echo = "echo"
    /// Maximum messages of a request. Each context is read from the journal and cached with this many.
    public static let messageLimit = 1_000

    /// The default limit for all messages of a request, by `ChatMessage.estimatedTokens`: about a quarter of
    /// `ChatLimits.requestBytes`. A request that is too large would stay too large.
    public static let standardTokenBudget = 1_000_000

    /// All providers that conversations may choose from, with different names.
    public var providers: [ChatProvider]
    /// The name of the provider to ask: `echo`, or one of `providers`.
    public var provider: String
    /// Names of the providers to try, in this order, when it fails before it has sent anything.
    public var fallback: [String]
    public var temperature: Double?
    /// Maximum tokens per answer.
    public var maxTokens: Int?
    public var systemPrompt: String?
    /// Maximum messages per request, keeping the newest; the system prompt does not count.
    public var maxMessages: Int
    /// Maximum tokens of a request's messages, by `ChatMessage.estimatedTokens`; nil for `standardTokenBudget`.
    public var tokenBudget: Int?
    /// Whether answers are streamed.
    public var streams: Bool
    /// From a request to its first text, thinking or tool call.
    public var firstTokenTimeout: Duration
    public var client: ChatClient.Configuration
    public var echoHandler: EchoHandler

    public init(
        providers: [ChatProvider] = [], provider: String = ModelSettings.echo, fallback: [String] = [],
        temperature: Double? = nil, maxTokens: Int? = nil, systemPrompt: String? = nil, maxMessages: Int = 40,
        tokenBudget: Int? = nil, streams: Bool = true, firstTokenTimeout: Duration = .seconds(60),
        client: ChatClient.Configuration = ChatClient.Configuration(),
        echoHandler: EchoHandler = EchoHandler(delay: .zero, chunkWords: 1)
    ) {
        self.providers = providers
        self.provider = provider
        self.fallback = fallback
        self.temperature = temperature
        self.maxTokens = maxTokens
        self.systemPrompt = systemPrompt
        self.maxMessages = maxMessages
        self.tokenBudget = tokenBudget
        self.streams = streams
        self.firstTokenTimeout = firstTokenTimeout
        self.client = client
        self.echoHandler = echoHandler
    }
}
