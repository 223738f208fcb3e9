/// An inbound PUBLISH, as delivered by the transport.
public struct InboundMessage: Sendable {
    public var topic: String
    public var payload: [UInt8]
    /// MQTT 5 property Content Type (section 3.3.2.3.9).
    public var contentType: String?
    /// MQTT 5 User Properties in the order of the packet (section 3.3.2.3.7).
    public var userProperties: [(String, String)]

    public init(
        topic: String, payload: [UInt8], contentType: String? = nil, userProperties: [(String, String)] = []
    ) {
        self.topic = topic
        self.payload = payload
        self.contentType = contentType
        self.userProperties = userProperties
    }
}
