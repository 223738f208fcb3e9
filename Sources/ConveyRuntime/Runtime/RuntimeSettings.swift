import ConveyEngine

/// Everything a runtime can be told.
public struct RuntimeSettings: Sendable {
    public var session: BrokerSession
    /// Its limits are those of the process: each shard gets its part of them.
    public var engine = EngineSettings()
    /// Messages read from the broker before they are committed.
    public var ingressBatchLimit = 500
    /// Reads signals while earlier ones are being committed (not over TLS). With two processors the broker, ingress and the engine only
    /// take them from each other: the same work in smaller pieces costs a third more.
    public var ingressReadsAhead = false
    public var maximumPayloadBytes = 256 * 1_024
    /// Publishes on their way to the broker at once, per shard: each has its own connection.
    public var outboxWindow = 200
    /// Ingress pauses when more than this many recorded signals are not applied,
    public var queueLimit = 100_000
    /// when more than this many events are not acknowledged by the broker,
    public var outboxLimit: Int64 = 100_000
    /// or when more than this many effects have not ended.
    public var openEffectLimit = 100_000
    /// Where receipts and answers to queries may go.
    public var responseTopics: ResponseTopicRule
    /// Shown in `{root}/status/{node}`.
    public var version: String

    public init(session: BrokerSession, version: String) {
        self.session = session
        self.version = version
        responseTopics = ResponseTopicRule(root: session.root, patterns: ResponseTopicRule.open)
    }
}
