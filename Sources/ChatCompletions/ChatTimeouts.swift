/// Time limits of a request.
public struct ChatTimeouts: Sendable, Equatable {
    /// From the start to the end, over all providers of a chain.
    public var total: Duration
    /// From the start of a streamed request to its first text, thinking or tool call. Keep-alive comments do not count.
    public var firstToken: Duration
    /// Between two pieces of a reply; keep-alive comments count. Not while `emit` holds the reply up.
    public var idle: Duration

    public init(
        total: Duration = .seconds(600), firstToken: Duration = .seconds(60), idle: Duration = .seconds(30)
    ) {
        self.total = total
        self.firstToken = firstToken
        self.idle = idle
    }
}
