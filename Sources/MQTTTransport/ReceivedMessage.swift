/// A PUBLISH as it arrived.
///
/// It has no DUP flag: libmosquitto 2.0 does not provide it, and MQTT gives it no meaning between publisher and
/// subscriber anyway (MQTT 5, 3.3.1.1). Recognize repeats by the event's identity.
public struct ReceivedMessage: Sendable {
    /// The topic name. Always as the broker sent it: libmosquitto closes the connection if it is not UTF-8.
    public var topic: String
    public var payload: [UInt8]
    public var qos: Int
    /// The packet identifier that its PUBACK names; 0 for QoS 0.
    public var packetIdentifier: UInt16 = 0
    /// The connection of its `MQTTConnection` over which it arrived.
    var connection = 0
    /// Whether the broker sent it because it was retained when we subscribed.
    public var isRetained: Bool
    /// MQTT 5 Content Type (3.3.2.3.9).
    public var contentType: String?
    /// MQTT 5 Response Topic (3.3.2.3.5).
    public var responseTopic: String?
    /// MQTT 5 Correlation Data (3.3.2.3.6).
    public var correlationData: [UInt8]?
    /// MQTT 5 User Properties (3.3.2.3.7) in order; names may repeat.
    public var userProperties: [(String, String)]

    /// A message from its parts, for tests and simulations.
    public init(
        topic: String, payload: [UInt8], qos: Int = 1, isRetained: Bool = false, contentType: String? = nil,
        responseTopic: String? = nil, correlationData: [UInt8]? = nil, userProperties: [(String, String)] = []
    ) {
        self.topic = topic
        self.payload = payload
        self.qos = qos
        self.isRetained = isRetained
        self.contentType = contentType
        self.responseTopic = responseTopic
        self.correlationData = correlationData
        self.userProperties = userProperties
    }
}
