import Signals

/// Why a reply is unusable.
enum ReplyFault: Error, Equatable {
    /// It is not a JSON object.
    case malformed(JSONError?)
    /// A member has the wrong form.
    case unexpected(String)
    /// The provider reports an error inside the reply.
    case reported(ProviderError)
    case textTooLarge(limit: Int)
    case tooManyToolCalls(limit: Int)
    case noFinishReason
    /// The finish reason says that the server has failed.
    case failed(finishReason: String)
    /// The model was stopped while it called tools: the missing part of the calls is unknown.
    case incompleteToolCalls(finishReason: String)
    /// The reply ends with tool calls, but contains none.
    case noToolCalls
    /// A call does not name its tool.
    case unnamedToolCall
}
