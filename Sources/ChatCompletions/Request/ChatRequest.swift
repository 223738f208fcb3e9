import Conversation

/// A request to a provider.
public struct ChatRequest: Sendable, Equatable {
    public var messages: [ChatMessage]
    public var tools: [ChatTool] = []
    /// Used instead of the provider's model.
    public var model: String?
    public var temperature: Double?
    /// Maximum tokens of the reply.
    public var maxTokens: Int?
    /// Whether the reply is streamed.
    public var stream = true
    /// The same in every attempt at one effect; sent as `Idempotency-Key`.
    public var idempotencyKey: String?
    /// Further members of the request, a JSON object, sent unchanged: `{"top_p":0.9}`. Members that the encoder writes
    /// itself are refused.
    public var parameters: [UInt8] = Array("{}".utf8)

    public init(messages: [ChatMessage]) {
        self.messages = messages
    }
}
