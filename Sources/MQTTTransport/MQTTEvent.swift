/// Something that happened to the connection.
public enum MQTTEvent: Sendable {
    /// The broker accepted the connection. `sessionPresent`: it still has our subscriptions and undelivered messages.
    case connected(sessionPresent: Bool)
    /// The broker answered CONNECT with a refusal; the connection has ended.
    case connectionRefused(MQTTError)
    /// The connection has ended; nil if `disconnect()` requested it. Call `connect()` for a new one.
    case disconnected(MQTTError?)
    /// PUBACK. A reason code of 0x80 or more means that the broker did not accept the message (MQTT 5 only).
    case publishAcknowledged(messageID: Int32, reasonCode: UInt8)
    /// SUBACK: one entry per filter, the granted QoS, or 0x80 or more if it was denied.
    case subscribed(messageID: Int32, grantedQoS: [Int])
}
