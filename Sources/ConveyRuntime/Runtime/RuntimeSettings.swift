import ConveyEngine

/// The settings of a runtime.
public struct RuntimeSettings: Sendable {
    public var session: BrokerSession
    /// Its limits apply to the process: each shard gets a part of them.
    public var engine = EngineSettings()
    /// Messages read from the broker per batch.
    public var ingressBatchLimit = 500
    /// Whether signals are read while earlier ones are being committed (not over TLS). With two processors this gains
    /// nothing, because the broker, ingress and the engine compete for them: the same work in smaller pieces costs a
    /// third more.
    public var ingressReadsAhead = false
    public var maximumPayloadBytes = 256 * 1_024
    /// Maximum publishes in flight to the broker, per shard: each has its own connection.
    public var outboxWindow = 200
    /// Ingress pauses when more than this many recorded signals are not applied,
    public var queueLimit = 100_000
    /// when more than this many events are not acknowledged by the broker,
    public var outboxLimit: Int64 = 100_000
    /// or when more than this many effects have not ended.
    public var openEffectLimit = 100_000
    /// The topics allowed for receipts and answers to queries.
    public var responseTopics: ResponseTopicRule
    /// Shown in `{root}/status/{node}`.
    public var version: String

    public init(session: BrokerSession, version: String) {
        self.session = session
        self.version = version
        responseTopics = ResponseTopicRule(root: session.root, patterns: ResponseTopicRule.open)
    }
}
