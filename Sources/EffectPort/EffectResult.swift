import Conversation

public struct EffectResult: Sendable, Equatable {
    /// The whole text; a tool's result as text or JSON.
    public var content: String
    /// `content` is empty because the handler could not keep the text; the attempt has streamed it.
    public var isContentStreamed = false
    /// In the terms of OpenAI-compatible providers: `stop`, `length`, `tool_calls`, …; nil for tools.
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
