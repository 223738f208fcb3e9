/// What one `read()` brought, in the order it came within each list.
public struct Inbox: Sendable {
    public var messages: [ReceivedMessage] = []
    public var events: [MQTTEvent] = []

    /// An empty one.
    public init() {}
}
