/// A message the broker publishes for us, at QoS 1, when the connection ends without DISCONNECT (MQTT 5, 3.1.2.5).
public struct MQTTWill: Sendable, Equatable {
    public var topic: String
    public var payload: [UInt8]
    public var retain: Bool

    /// A will; `topic` is a topic name without wildcards.
    public init(topic: String, payload: [UInt8], retain: Bool) {
        self.topic = topic
        self.payload = payload
        self.retain = retain
    }
}
