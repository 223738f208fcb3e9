/// Limits of one request. A working provider should never reach them.
public struct ChatLimits: Sendable, Equatable {
    /// One event of a stream. A token's event has about 300 bytes; a whole reply in one event is far below the limit.
    public var eventBytes = 1 << 20
    /// A streamed reply on the wire: about 300 bytes per token, so about 200,000 tokens.
    public var streamBytes = 64 << 20
    /// Text, thinking and tool arguments of one reply: they are kept in memory and recorded in one event.
    public var textBytes = 4 << 20
    /// A reply that is not streamed: the escaped text and its envelope.
    public var replyBytes = 8 << 20
    /// Maximum bytes read of an error's body. Only its message is used.
    public var errorBytes = 64 << 10
    /// Tool calls in one reply. Each becomes an effect; providers allow no more than 128 tools.
    public var toolCalls = 128
    /// Text that waits for `emit`. With more, reading stops until there is room, and TCP slows the provider down.
    public var backlogBytes = 64 << 10
    /// A request's body: more than any model's context window holds.
    public var requestBytes = 16 << 20
    /// How long to wait for usage and the end of the body after the finish reason, or for an error's body after its
    /// status. The end allows the connection to be reused; without it the result is the same.
    public var finishGrace = Duration.seconds(1)

    public init() {}
}
