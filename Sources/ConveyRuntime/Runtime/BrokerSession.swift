import MQTTTransport

/// The settings that all connections to the broker share.
public struct BrokerSession: Sendable {
    public var broker: BrokerAddress
    public var version: MQTTVersion
    /// Identifies the persistent session; the publishing connection adds `-out`.
    public var clientID: String
    /// How long the broker keeps the session and undelivered messages while Convey is disconnected.
    public var sessionExpirySeconds: UInt32
    /// First levels of every topic.
    public var root: String
    /// Whether connections under client ids that nodes share may be made.
    public var gate = ConnectionGate()
    /// Names this process in `{root}/status/{node}`.
    public var node: String

    public init(
        broker: BrokerAddress, version: MQTTVersion, clientID: String, sessionExpirySeconds: UInt32, root: String,
        node: String
    ) {
        self.broker = broker
        self.version = version
        self.clientID = clientID
        self.sessionExpirySeconds = sessionExpirySeconds
        self.root = root
        self.node = node
    }

    /// The beginning of the ids of connections that every node has.
    public var nodeClientID: String { gate.isShared ? "\(clientID)-\(node)" : clientID }

    /// For connections that only the node at work has.
    var mayConnect: @Sendable () -> Bool { { [gate] in gate.isOpen } }
}
