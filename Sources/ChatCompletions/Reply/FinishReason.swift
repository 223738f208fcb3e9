/// What a provider's `finish_reason` says of the reply that it ends. Servers other than OpenAI's have words of their own, in
/// upper case too.
enum FinishReason: Equatable {
    /// The model has said all that it wanted to. Some servers say so although there are calls of tools.
    case stop
    /// The model waits for the results of its calls.
    case toolCalls
    /// The model was stopped: by a limit on tokens, a filter, or for a reason that is not known here.
    case cut
    /// The server has failed while the model spoke.
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
