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
    /// The model was stopped while it called tools: what the calls lack cannot be known.
    case incompleteToolCalls(finishReason: String)
    /// The reply ends to call tools, and calls none.
    case noToolCalls
    /// A call does not say which tool it is for.
    case unnamedToolCall
}
