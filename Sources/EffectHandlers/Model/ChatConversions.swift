import ChatCompletions
import EffectPort
import Signals

// The module ChatCompletions does not know the runtime: its deltas, outcomes and failures become those of effects here.

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
        // `ProviderMembers` reads these two.
        if let name = outcome.reasoningMember { details.add("reasoning_member", name) }
        if let members = outcome.members { details.add("provider_members", json: members) }
        self.init(
            content: outcome.content, finishReason: outcome.finishReason,
            toolCalls: outcome.toolCalls, details: details.finish())
        isContentStreamed = !outcome.isTextKept
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
        self.init(
            category, failure.message, retryAfter: failure.retryAfter, code: failure.code,
            isUnavailable: failure.isUnavailable)
    }
}
