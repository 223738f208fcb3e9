import Conversation
import Signals

extension ChatRequest {
    /// Members that the encoder writes.
    private static let ownMembers: [StaticString] = [
        "model", "messages", "tools", "stream", "stream_options", "temperature", "max_tokens", "max_completion_tokens",
    ]

    /// The body for a provider. Equal requests have equal bytes.
    ///
    /// - Throws: `ChatFailure` of category `config` for a part that is not JSON, or a request that is too large.
    func encoded(for provider: ChatProvider, limits: ChatLimits) throws(ChatFailure) -> [UInt8] {
        var body = JSONObjectBuilder(reservingCapacity: 4_096)
        body.add("model", model ?? provider.model)
        body.add("messages", json: Self.messages(messages, for: provider))
        if !tools.isEmpty {
            for tool in tools where JSONObjectView(tool.parameters) == nil {
                throw ChatFailure(
                    .config, "the parameters of tool \(ProviderText.clean(tool.name)) are not a JSON object")
            }
            body.add("tools", json: Self.array(tools) { Self.encode($0) })
        }
        body.add("stream", json: (stream ? "true" : "false").utf8)
        if stream, provider.asksForUsage { body.add("stream_options", json: #"{"include_usage":true}"#.utf8) }
        if let temperature {
            guard temperature.isFinite else {
                throw ChatFailure(.config, "the temperature \(temperature) is not a number")
            }
            body.add("temperature", json: "\(temperature)".utf8)
        }
        if let maxTokens {
            switch provider.tokenLimitMember {
            case .maxTokens: body.add("max_tokens", maxTokens)
            case .maxCompletionTokens: body.add("max_completion_tokens", maxTokens)
            }
        }
        try addParameters(to: &body)
        let bytes = body.finish()
        guard bytes.count <= limits.requestBytes else {
            throw ChatFailure(
                .config,
                "the request for \(provider.name) has \(bytes.count) bytes, more than the limit of "
                    + "\(limits.requestBytes); send fewer messages")
        }
        return bytes
    }

    private func addParameters(to body: inout JSONObjectBuilder) throws(ChatFailure) {
        guard let more = JSONObjectView(parameters) else {
            throw ChatFailure(.config, "the further parameters of a request are not a JSON object")
        }
        for name in Self.ownMembers where more[name] != nil {
            throw ChatFailure(
                .config, "the further parameters of a request must not have a member \(name): there is a setting for it"
            )
        }
        // White space around the braces is allowed in JSON, but not by the builder.
        body.addMembers(of: parameters.drop { $0 != UInt8(ascii: "{") }.trimmingEnd(to: UInt8(ascii: "}")))
    }

    /// A provider's own members are returned only to that provider, and call ids from other providers are renamed:
    /// Mistral refuses ids in a foreign format.
    private static func messages(_ messages: [ChatMessage], for provider: ChatProvider) -> [UInt8] {
        var renamed: [String: String] = [:]
        return array(messages) { message in
            switch message.role {
            case .system, .user: encode(message.role, message.content)
            case .assistant: encode(assistant: message, for: provider, renamed: &renamed)
            case .tool:
                encode(result: message.content, of: renamed[message.toolCallID ?? ""] ?? message.toolCallID ?? "")
            }
        }
    }

    private static func encode(_ role: ChatMessage.Role, _ content: String) -> [UInt8] {
        var object = JSONObjectBuilder()
        object.add("role", role.rawValue)
        object.add("content", content)
        return object.finish()
    }

    private static func encode(result: String, of callID: String) -> [UInt8] {
        var object = JSONObjectBuilder()
        object.add("role", "tool")
        object.add("tool_call_id", callID)
        object.add("content", result)
        return object.finish()
    }

    private static func encode(
        assistant message: ChatMessage, for provider: ChatProvider, renamed: inout [String: String]
    ) -> [UInt8] {
        let members = message.providerMembers
        var object = JSONObjectBuilder()
        object.add("role", "assistant")
        if message.content.isEmpty, !message.toolCalls.isEmpty {
            object.add("content", json: "null".utf8)
        } else {
            object.add("content", message.content)
        }
        let isOwn = members?.provider == provider.name
        if isOwn, let members {
            switch members.reasoning?.member {
            case "reasoning_content": object.add("reasoning_content", members.reasoning?.text ?? "")
            case "reasoning": object.add("reasoning", members.reasoning?.text ?? "")
            default: break
            }
            object.addMembers(of: members.message)
        }
        guard !message.toolCalls.isEmpty else { return object.finish() }
        let calls = array(message.toolCalls) { call in
            var call = call
            if !isOwn { call.members = nil }
            if members != nil, !isOwn {
                let id = RequestMessages.callID(call.id)
                renamed[call.id] = id
                call.id = id
            }
            return encode(call)
        }
        object.add("tool_calls", json: calls)
        return object.finish()
    }

    private static func encode(_ call: ToolCall) -> [UInt8] {
        let members = call.members.flatMap { JSONObjectView($0) }
        var function = JSONObjectBuilder()
        function.add("name", call.name)
        function.add("arguments", call.arguments)
        if let more = members?["function"], more.kind == .object { function.addMembers(of: more.raw) }
        var object = JSONObjectBuilder()
        object.add("id", call.id)
        object.add("type", "function")
        object.add("function", json: function.finish())
        if let members { object.addMembers(of: members, without: "function") }
        return object.finish()
    }

    private static func encode(_ tool: ChatTool) -> [UInt8] {
        var function = JSONObjectBuilder()
        function.add("name", tool.name)
        if let description = tool.description { function.add("description", description) }
        function.add("parameters", json: tool.parameters)
        var object = JSONObjectBuilder()
        object.add("type", "function")
        object.add("function", json: function.finish())
        return object.finish()
    }

    private static func array<Element>(_ elements: [Element], _ encode: (Element) -> [UInt8]) -> [UInt8] {
        var bytes = [UInt8(ascii: "[")]
        for (index, element) in elements.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            bytes.append(contentsOf: encode(element))
        }
        bytes.append(UInt8(ascii: "]"))
        return bytes
    }
}

extension ArraySlice<UInt8> {
    /// The part up to and including the last `byte`.
    fileprivate func trimmingEnd(to byte: UInt8) -> Self { prefix(through: lastIndex(of: byte) ?? endIndex - 1) }
}
