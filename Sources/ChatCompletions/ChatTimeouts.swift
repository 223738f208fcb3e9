/// Time limits of a request.
public struct ChatTimeouts: Sendable, Equatable {
    /// From start to end, across all providers of a chain.
    public var total: Duration
    /// From the start of a streamed request to its first text, thinking or tool call. Keep-alive comments do not count.
    public var firstToken: Duration
    /// Between two pieces of a reply; keep-alive comments count. Does not run while `emit` delays the reply.
    public var idle: Duration

    public init(
        total: Duration = .seconds(600), firstToken: Duration = .seconds(60), idle: Duration = .seconds(30)
    ) {
        self.total = total
        self.firstToken = firstToken
        self.idle = idle
    }
}
