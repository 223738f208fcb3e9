import ChatCompletions
import Conversation
import ConveyRuntime

// What the runtime and the client of providers say to each other: neither knows the other's types.

extension ChatCompletions.ChatMessage {
    init(_ message: Conversation.ChatMessage) {
        switch message.role {
        case .system: self = .system(message.content)
        case .user: self = .user(message.content)
        case .assistant:
            self = .assistant(
                message.content,
                toolCalls: message.toolCalls.map {
                    ChatToolCall(id: $0.id, name: $0.name, arguments: $0.arguments, members: $0.members)
                }, members: message.providerMembers)
        case .tool: self = .tool(callID: message.toolCallID ?? "", content: message.content)
        }
    }
}

extension EffectDelta {
    init(_ delta: ChatDelta) {
        switch delta {
        case .content(let text): self.init(text)
        case .thinking(let text): self.init(text, kind: .thinking)
        }
    }
}

extension EffectResult {
    init(_ outcome: ChatOutcome) {
        var details = JSONObjectBuilder()
        details.add("provider", outcome.provider)
        if let model = outcome.model { details.add("model", model) }
        if let id = outcome.responseID { details.add("response_id", id) }
        if let usage = outcome.usage {
            details.add("usage") { members in
                if let tokens = usage.promptTokens { members.add("prompt_tokens", tokens) }
                if let tokens = usage.completionTokens { members.add("completion_tokens", tokens) }
                if let tokens = usage.totalTokens { members.add("total_tokens", tokens) }
            }
        }
        if !outcome.thinking.isEmpty { details.add("thinking", outcome.thinking) }
        // What `ProviderMembers` reads.
        if let name = outcome.reasoningMember { details.add("reasoning_member", name) }
        if let members = outcome.members { details.add("provider_members", json: members) }
        self.init(
            content: outcome.content, finishReason: outcome.finishReason,
            toolCalls: outcome.toolCalls.map(ToolCall.init),
            details: details.finish())
        isContentStreamed = !outcome.isTextKept
    }
}

extension ToolCall {
    /// The call as it is recorded: from here on every later request has it.
    init(_ call: ChatToolCall) {
        let arguments = ToolArguments(call.arguments)
        self.init(
            id: call.id, name: call.name, arguments: arguments.object, unreadableArguments: arguments.unreadable,
            members: call.members)
    }
}

extension EffectFailure {
    init(_ failure: ChatFailure) {
        let category: Category =
            switch failure.category {
            case .config: .config
            case .auth: .auth
            case .timeout: .timeout
            case .provider: .provider
            case .transport: .transport
            case .canceled: .canceled
            case .unknown: .unknown
            }
        self.init(category, failure.message, retryAfter: failure.retryAfter, code: failure.code)
    }
}
