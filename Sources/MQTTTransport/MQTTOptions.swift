/// The settings of a connection.
public struct MQTTOptions: Sendable {
    /// When the PUBACK of a received QoS 1 message leaves.
    public enum Acknowledgement: Sendable {
        /// Only inside `MQTTConnection.flush()`: the caller acknowledges by flushing after its commit.
        case whenFlushed
        /// Only by `MQTTConnection.acknowledge`, for the messages that the caller names. Not with TLS, because packets
        /// cannot be separated before they are encrypted.
        case explicit
        /// As soon as the message is read. A crash after that loses it. For connections that mostly publish.
        case immediate
    }

    public var broker: BrokerAddress
    /// Unique at the broker; may be empty only with `cleanStart`. A second connection with the same id ends the first.
    public var clientID: String
    public var version: MQTTVersion
    /// True: the broker forgets an earlier session of this client id. False: it continues it.
    public var cleanStart: Bool
    /// How long the broker keeps the session after the connection ends; 0 = not at all. MQTT 5 only: a 3.1.1 session with
    /// `cleanStart` false lives until the broker's own limit.
    public var sessionExpirySeconds: UInt32
    /// Longest silence before a PINGREQ; 0 = never, else 5 to 65535.
    public var keepAliveSeconds: Int
    /// How many QoS 1 messages the broker may have sent us unacknowledged (MQTT 5, 3.1.2.11.3). Not back-pressure:
    /// mosquitto 2.0.11 exceeds it. To hold the broker back, do not `read()`.
    public var receiveMaximum: UInt16
    /// Maximum number of our QoS 1 publishes in flight; the broker's own receive maximum lowers it (see
    /// `MQTTConnection.brokerReceiveMaximum`). A publish costs O(window) in libmosquitto: stay at or below 200.
    public var outgoingWindow: UInt16
    public var will: MQTTWill?
    public var acknowledgement: Acknowledgement
    /// How long the CONNACK may take after `connect()` before `keepAlive()` abandons the connection.
    public var connectTimeoutSeconds: Int
    /// When a silent broker is probed, and when the connection is abandoned.
    package var silence = BrokerSilenceLimits()
    /// The maximum packet size, announced to the broker (MQTT 5, 3.1.2.11.4), which sends no larger packets. MQTT 3.1.1
    /// cannot announce it: there it is the protocol's maximum, 256 MiB.
    public var packetLimit: Int { version == .v5 ? Self.packetLimitV5 : 256 << 20 | 5 }
    /// Twice the largest `ingress.max_payload_bytes`.
    private static let packetLimitV5 = 32 << 20

    /// Options with defaults for a publishing connection: a clean session that ends with the connection.
    public init(
        broker: BrokerAddress, clientID: String, version: MQTTVersion = .v5, cleanStart: Bool = true,
        sessionExpirySeconds: UInt32 = 0, keepAliveSeconds: Int = 60, receiveMaximum: UInt16 = 200,
        outgoingWindow: UInt16 = 200, will: MQTTWill? = nil, acknowledgement: Acknowledgement = .immediate,
        connectTimeoutSeconds: Int = 15
    ) {
        self.broker = broker
        self.clientID = clientID
        self.version = version
        self.cleanStart = cleanStart
        self.sessionExpirySeconds = sessionExpirySeconds
        self.keepAliveSeconds = keepAliveSeconds
        self.receiveMaximum = receiveMaximum
        self.outgoingWindow = outgoingWindow
        self.will = will
        self.acknowledgement = acknowledgement
        self.connectTimeoutSeconds = connectTimeoutSeconds
    }

    /// - Throws: `invalidOption` naming the first invalid one.
    func validate() throws(MQTTError) {
        if clientID.isEmpty && !cleanStart {
            throw MQTTError(.invalidOption, "continuing a session (clean start false) requires a client id")
        }
        if clientID.utf8.contains(0) || clientID.utf8.count > 65535 {
            throw MQTTError(.invalidOption, "the MQTT client id must be at most 65535 bytes without NUL")
        }
        if keepAliveSeconds != 0 && !(5...65535).contains(keepAliveSeconds) {
            throw MQTTError(.invalidOption, "MQTT keep-alive of \(keepAliveSeconds) s: use 0 (off) or 5 to 65535 s")
        }
        if receiveMaximum == 0 || outgoingWindow == 0 {
            throw MQTTError(.invalidOption, "MQTT receive maximum and outgoing window must be at least 1")
        }
        if connectTimeoutSeconds < 1 {
            throw MQTTError(.invalidOption, "the MQTT connect timeout must be at least 1 s")
        }
        if broker.host.isEmpty || broker.host.utf8.contains(0) || !(1...65535).contains(broker.port) {
            throw MQTTError(.invalidOption, "the broker's address \(broker) needs a host and a port from 1 to 65535")
        }
        if broker.password != nil && broker.username == nil {
            throw MQTTError(.invalidOption, "a broker password needs a user name")
        }
        if [broker.username, broker.password].contains(where: { $0?.utf8.contains(0) == true }) {
            throw MQTTError(.invalidOption, "the broker's user name and password must not contain NUL")
        }
    }
}
