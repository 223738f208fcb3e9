/// Limits of tool calls.
public struct ToolLimits: Sendable, Equatable {
    /// Calls that wait for an answer: as many as there can be effects at once.
    public var calls = 1_000
    /// Bytes of one call: the size that brokers and Convey's own ingress accept.
    public var callBytes = 256 << 10
    /// Bytes of one result: it becomes an event, and part of the model's input.
    public var resultBytes = 256 << 10
    /// Maximum progress messages per attempt, each recorded; more are dropped.
    public var progressMessages = 1_000
    /// Pieces of progress that wait for the engine; the newest are dropped beyond it.
    public var progressBacklog = 64
    /// How long a call waits for a disconnected broker, and for its acknowledgement.
    public var brokerGrace = Duration.seconds(5)
    /// For establishing an HTTP connection, TLS included.
    public var connectTimeout = Duration.seconds(5)
    /// HTTP connections to one host; further calls wait, up to `connectTimeout`.
    public var connectionsPerHost = 256

    public init() {}
}
