import Conversation

/// A complete reply.
public struct ChatOutcome: Sendable, Equatable {
    public var content: String
    public var thinking: String
    /// False if `content` and `thinking` are empty because all replies together took too much memory: the text is then
    /// the streamed text.
    public var isTextKept = true
    /// The provider's value: `stop`, `length`, `tool_calls`, `content_filter`, …
    public var finishReason: String
    /// In the order in which the model began them. Some providers finish with `stop` although there are calls, so test these
    /// and not `finishReason`.
    public var toolCalls: [ToolCall]
    public var usage: ChatUsage?
    /// The model that answered, as the provider reports it.
    public var model: String?
    /// The provider's id for the reply.
    public var responseID: String?
    /// The `name` of the `ChatProvider` that answered.
    public var provider: String
    /// Further members of the message that the provider expects back, as a JSON object; nil for none.
    public var members: [UInt8]?
    /// The member in which `thinking` arrived and must be returned; nil if it is not sent back.
    public var reasoningMember: String?
}
