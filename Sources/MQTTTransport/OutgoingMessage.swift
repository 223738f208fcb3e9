/// A message to publish at QoS 1.
public struct OutgoingMessage: Sendable {
    public var topic: String
    public var payload: [UInt8]
    public var properties: PublishProperties
    public var retain: Bool
    /// Whether publishing fails with `noSubscriber` if the broker reports that nobody is subscribed (MQTT 5, 3.4.2.1; a
    /// broker need not report it, and a 3.1.1 broker cannot).
    public var needsSubscriber: Bool

    /// A message; `topic` is a topic name without wildcards.
    public init(
        topic: String, payload: [UInt8], properties: PublishProperties = .init(), retain: Bool = false,
        needsSubscriber: Bool = false
    ) {
        self.topic = topic
        self.payload = payload
        self.properties = properties
        self.retain = retain
        self.needsSubscriber = needsSubscriber
    }
}
