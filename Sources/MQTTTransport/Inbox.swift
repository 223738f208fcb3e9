/// The result of one `read()`, in order of arrival within each list.
public struct Inbox: Sendable {
    public var messages: [ReceivedMessage] = []
    public var events: [MQTTEvent] = []

    /// An empty inbox.
    public init() {}
}
