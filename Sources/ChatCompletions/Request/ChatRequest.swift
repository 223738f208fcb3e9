import Conversation

/// One message of the conversation that a model is asked to go on with.
public enum ChatMessage: Sendable, Equatable {
    case system(String)
    case user(String)
    /// What the model said, which tools it called, and what its provider wants back with it.
    case assistant(String, toolCalls: [ChatToolCall] = [], members: ProviderMembers? = nil)
    /// What a tool answered to the call with this id.
    case tool(callID: String, content: String)
}

/// A model's call of a tool.
public struct ChatToolCall: Sendable, Equatable {
    /// Names the call in the message that answers it.
    public var id: String
    public var name: String
    /// In a reply JSON as the model wrote it: nothing says that it is valid. In a request a JSON object.
    public var arguments: String
    /// Further members that the provider sent and wants back, a JSON object; those of the call's `function` are in a member
    /// of that name.
    public var members: [UInt8]?

    public init(id: String, name: String, arguments: String, members: [UInt8]? = nil) {
        self.id = id
        self.name = name
        self.arguments = arguments
        self.members = members
    }
}

/// A tool that a model may call.
public struct ChatTool: Sendable, Equatable {
    public var name: String
    public var description: String?
    /// A JSON schema (an object) for the arguments, sent as it is.
    public var parameters: [UInt8]

    public init(name: String, description: String? = nil, parameters: [UInt8]) {
        self.name = name
        self.description = description
        self.parameters = parameters
    }
}

/// What to ask a provider for.
public struct ChatRequest: Sendable, Equatable {
    public var messages: [ChatMessage]
    public var tools: [ChatTool] = []
    /// Instead of the provider's model.
    public var model: String?
    public var temperature: Double?
    /// Tokens of the reply at the most.
    public var maxTokens: Int?
    /// Whether the reply is to come as it is made.
    public var stream = true
    /// The same in every attempt at one effect; sent as `Idempotency-Key`.
    public var idempotencyKey: String?
    /// Further members of the request, a JSON object, sent as they are: `{"top_p":0.9}`. A member that stands in the
    /// request anyway is refused.
    public var parameters: [UInt8] = Array("{}".utf8)

    public init(messages: [ChatMessage]) {
        self.messages = messages
    }
}
