/// A complete reply.
public struct ChatOutcome: Sendable, Equatable {
    public var content: String
    public var thinking: String
    /// False where `content` and `thinking` are empty because all replies together were too much to keep: then they are what
    /// was handed on piece by piece.
    public var isTextKept = true
    /// As the provider says it: `stop`, `length`, `tool_calls`, `content_filter`, …
    public var finishReason: String
    /// In the order in which the model began them. Some providers end with `stop` although there are calls: go by these.
    public var toolCalls: [ChatToolCall]
    public var usage: ChatUsage?
    /// The model that the provider says has answered.
    public var model: String?
    /// The provider's id for the reply.
    public var responseID: String?
    /// The `name` of the `ChatProvider` that answered.
    public var provider: String
    /// Further members of the message that the provider wants back, a JSON object; nil where there are none.
    public var members: [UInt8]?
    /// The member that `thinking` came in and goes back in; nil where it does not.
    public var reasoningMember: String?
}

/// Tokens, as far as the provider reports them.
public struct ChatUsage: Sendable, Equatable {
    public var promptTokens: Int?
    public var completionTokens: Int?
    public var totalTokens: Int?

    public init(promptTokens: Int? = nil, completionTokens: Int? = nil, totalTokens: Int? = nil) {
        self.promptTokens = promptTokens
        self.completionTokens = completionTokens
        self.totalTokens = totalTokens
    }
}
