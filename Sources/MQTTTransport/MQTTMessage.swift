/// A PUBLISH as it arrived.
///
/// It has no DUP flag: libmosquitto 2.0 does not hand it out, and MQTT gives it no meaning between publisher and
/// subscriber anyway (MQTT 5, 3.3.1.1). Recognise repeats by the event's identity.
public struct ReceivedMessage: Sendable {
    /// The topic name. Always what the broker sent: libmosquitto ends the connection when it is not UTF-8.
    public var topic: String
    public var payload: [UInt8]
    public var qos: Int
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

/// Which retained messages a broker sends for a subscription (MQTT 5, 3.8.3.1, Retain Handling).
public enum RetainHandling: Sendable {
    /// When the subscription is new, not again each time the session is continued.
    case whenNew
    case never
}

/// What MQTT 5 lets a PUBLISH carry beside the payload. Left out without a word on a 3.1.1 connection.
public struct PublishProperties: Sendable, Equatable {
    public var contentType: String?
    /// At most 65,535 bytes.
    public var correlationData: [UInt8]?
    public var responseTopic: String?
    public var userProperties: [(String, String)]

    /// Properties; none by default.
    public init(
        contentType: String? = nil, correlationData: [UInt8]? = nil, responseTopic: String? = nil,
        userProperties: [(String, String)] = []
    ) {
        self.contentType = contentType
        self.correlationData = correlationData
        self.responseTopic = responseTopic
        self.userProperties = userProperties
    }

    public static func == (left: Self, right: Self) -> Bool {
        left.contentType == right.contentType && left.correlationData == right.correlationData
            && left.responseTopic == right.responseTopic
            && left.userProperties.elementsEqual(right.userProperties) { $0 == $1 }
    }
}

/// Something that happened to the connection.
public enum MQTTEvent: Sendable {
    /// The broker accepted the connection. `sessionPresent`: it still has our subscriptions and undelivered messages.
    case connected(sessionPresent: Bool)
    /// The broker answered CONNECT with a refusal; the connection has ended.
    case connectionRefused(MQTTError)
    /// The connection has ended; nil when `disconnect()` asked for it. Call `connect()` for a new one.
    case disconnected(MQTTError?)
    /// PUBACK. A reason code of 0x80 or more means that the broker did not take the message (MQTT 5 only).
    case publishAcknowledged(messageID: Int32, reasonCode: UInt8)
    /// SUBACK: one entry a filter, the granted QoS, or 0x80 or more when it was denied.
    case subscribed(messageID: Int32, grantedQoS: [Int])
}

/// What one `read()` brought, in the order it came within each list.
public struct Inbox: Sendable {
    public var messages: [ReceivedMessage] = []
    public var events: [MQTTEvent] = []

    /// An empty one.
    public init() {}
}
