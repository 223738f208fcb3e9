/// Properties of an MQTT 5 PUBLISH. Silently omitted on a 3.1.1 connection.
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
