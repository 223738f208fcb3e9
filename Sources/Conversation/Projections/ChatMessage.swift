import Signals

/// A message in a request to a language model, in the terms of OpenAI's chat completions.
public struct ChatMessage: ProjectionRow, Equatable {
    public enum Role: String, Sendable {
        case system, user, assistant, tool
    }

    public var role: Role
    public var content: String
    /// Only an assistant's message has any. The messages that follow it hold their results, in this order.
    public var toolCalls: [ToolCall]
    /// The id of the call that a tool's message answers.
    public var toolCallID: String?
    /// The event that the message comes from; nil for a system prompt and for the result of a dangling call, which have
    /// no event.
    public var eventID: String?
    /// Members that the provider of an assistant's message expects back with it.
    public var providerMembers: ProviderMembers?

    public init(
        role: Role, content: String, toolCalls: [ToolCall] = [], toolCallID: String? = nil, eventID: String? = nil,
        providerMembers: ProviderMembers? = nil
    ) {
        self.role = role
        self.content = content
        self.toolCalls = toolCalls
        self.toolCallID = toolCallID
        self.eventID = eventID
        self.providerMembers = providerMembers
    }

    /// Roughly how many tokens the message has: a quarter of its characters, rounded up, plus 4. This is an estimate for
    /// English; tokenizers differ, and other scripts have more tokens per character. Leave a margin.
    public var estimatedTokens: Int {
        var characters = toolCalls.reduce(content.count) { $0 + $1.name.count + $1.arguments.count }
        // Reasoning is sent back with calls.
        if !toolCalls.isEmpty { characters += providerMembers?.reasoning?.text.count ?? 0 }
        return (characters + 3) / 4 + 4
    }

    /// Approximate size in memory: the texts, plus 160 bytes.
    var textBytes: Int {
        let calls = toolCalls.reduce(0) { $0 + $1.textBytes }
        return content.utf8.count + (toolCallID?.utf8.count ?? 0) + (eventID?.utf8.count ?? 0) + calls
            + (providerMembers?.textBytes ?? 0) + 160
    }

    public func append(to bytes: inout [UInt8]) {
        JSONWriter.append(raw: "{\"role\":", to: &bytes)
        JSONWriter.append(string: role.rawValue, to: &bytes)
        JSONWriter.append(raw: ",\"content\":", to: &bytes)
        JSONWriter.append(string: content, to: &bytes)
        if let eventID {
            JSONWriter.append(raw: ",\"event_id\":", to: &bytes)
            JSONWriter.append(string: eventID, to: &bytes)
        }
        if let toolCallID {
            JSONWriter.append(raw: ",\"tool_call_id\":", to: &bytes)
            JSONWriter.append(string: toolCallID, to: &bytes)
        }
        if !toolCalls.isEmpty {
            JSONWriter.append(raw: ",\"tool_calls\":[", to: &bytes)
            for (index, call) in toolCalls.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                call.append(to: &bytes)
            }
            bytes.append(UInt8(ascii: "]"))
        }
        bytes.append(UInt8(ascii: "}"))
    }
}
