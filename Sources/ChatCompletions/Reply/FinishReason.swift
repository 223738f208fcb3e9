/// The meaning of a provider's `finish_reason`. Servers other than OpenAI's use values of their own, some in
/// upper case.
enum FinishReason: Equatable {
    /// The model finished. Some servers report this although there are tool calls.
    case stop
    /// The model waits for the results of its calls.
    case toolCalls
    /// The model was stopped: by a token limit, a filter, or for an unknown reason.
    case cut
    /// The server failed during the reply.
    case failed

    init(_ text: String) {
        switch text.lowercased() {
        case "stop", "end_turn", "eos", "eos_token": self = .stop
        case "tool_calls", "tool_call", "function_call", "function_calls", "tool_use": self = .toolCalls
        // DeepSeek, Zhipu and vLLM name the failure.
        case "error", "abort", "aborted", "cancelled", "canceled", "timeout", "internal_error", "network_error",
            "insufficient_system_resource":
            self = .failed
        default: self = .cut
        }
    }
}
