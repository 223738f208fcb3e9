/// A message of a request to a language model, in the terms of OpenAI's chat completions.
public struct ChatMessage: ProjectionRow, Equatable {
    public enum Role: String, Sendable {
        case system, user, assistant, tool
    }

    /// A tool that the assistant wants to be called.
    public struct ToolCall: Sendable, Equatable {
        /// Names the call in its result. Providers choose it; unique in its message, not always in the conversation.
        public var id: String
        public var name: String
        /// The text of a JSON object; in journals of earlier versions, and from outside, anything (see `ToolArguments`).
        public var arguments: String
        /// What the model wrote as arguments where that is no JSON object.
        public var unreadableArguments: String?
        /// Further members that the provider wants back, a JSON object: see `ProviderMembers`.
        public var members: [UInt8]?

        public init(
            id: String, name: String, arguments: String, unreadableArguments: String? = nil, members: [UInt8]? = nil
        ) {
            self.id = id
            self.name = name
            self.arguments = arguments
            self.unreadableArguments = unreadableArguments
            self.members = members
        }
    }

    public var role: Role
    public var content: String
    /// Only an assistant's message has any. Each has its result in one of the messages right behind, in this order.
    public var toolCalls: [ToolCall]
    /// The call that a tool's message is the result of.
    public var toolCallID: String?
    /// The event that the message comes from; nil for what is made here: a system prompt, the result of a dangling call.
    public var eventID: String?
    /// What the provider of an assistant's message wants back with it.
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

    /// About how many tokens the message is: a quarter of its characters, rounded up, and 4 for what is around them. An
    /// estimate for English; tokenizers differ, and other scripts have more tokens a character. Leave a margin.
    public var estimatedTokens: Int {
        var characters = toolCalls.reduce(content.count) { $0 + $1.name.count + $1.arguments.count }
        // Reasoning goes back with calls.
        if !toolCalls.isEmpty { characters += providerMembers?.reasoning?.text.count ?? 0 }
        return (characters + 3) / 4 + 4
    }

    /// What the message takes in memory, about: its texts, and 160 bytes around them.
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

extension ChatMessage.ToolCall {
    var textBytes: Int {
        id.utf8.count + name.utf8.count + arguments.utf8.count + (unreadableArguments?.utf8.count ?? 0)
            + (members?.count ?? 0) + 64
    }

    /// Appends `{"id","name","arguments"}`, which is what people see.
    func append(to bytes: inout [UInt8]) { bytes.append(contentsOf: shown().finish()) }

    private func shown() -> JSONObjectBuilder {
        var call = JSONObjectBuilder(reservingCapacity: 96)
        call.add("id", id)
        call.add("name", name)
        call.add("arguments", arguments)
        return call
    }

    /// `{"id","name","arguments"}`, and `unreadable_arguments` where there are some: what its tool has to know.
    public func encode() -> [UInt8] { task().finish() }

    /// The same and `members`: what is recorded.
    public func encodeWithMembers() -> [UInt8] {
        var call = task()
        if let members { call.add("members", json: members) }
        return call.finish()
    }

    private func task() -> JSONObjectBuilder {
        var call = shown()
        if let unreadableArguments { call.add("unreadable_arguments", unreadableArguments) }
        return call
    }

    /// The calls in a generation's `tool_calls`: `{"id","name","arguments"}`, or name and arguments inside a `function`
    /// as OpenAI has it. Arguments that are no string count as their JSON. What has no id or name, or the id of a call
    /// before it, could not be answered and is left out.
    public static func list(_ value: JSONSlice?) -> [ChatMessage.ToolCall] {
        var ids: Set<ExactText> = []
        return (value?.elements ?? []).compactMap { element in
            guard let call = element.object, let id = call["id"]?.string, !id.isEmpty else { return nil }
            let function = call["function"]?.object ?? call
            guard let name = function["name"]?.string, !name.isEmpty, ids.insert(ExactText(id)).inserted else {
                return nil
            }
            let arguments = function["arguments"]?.orNone
            return ChatMessage.ToolCall(
                id: id, name: name, arguments: arguments?.stringOrSpelling ?? "{}",
                unreadableArguments: call["unreadable_arguments"]?.string,
                members: ProviderMembers.ofCall(call["members"]))
        }
    }
}
