import Signals

/// A recorded event that the broker does not accept and that the outbox has therefore set aside.
public struct UnpublishedEvent: Sendable, Equatable {
    public var position: Position
    public var subject: String
    public var id: String
    public var type: String
    public var offset: Int64
    /// The topic to which it should have been published.
    public var topic: String
    /// The reaction of the broker, or of the MQTT library.
    public var reason: String

    public init(
        position: Position, subject: String, id: String, type: String, offset: Int64, topic: String, reason: String
    ) {
        self.position = position
        self.subject = subject
        self.id = id
        self.type = type
        self.offset = offset
        self.topic = topic
        self.reason = reason
    }

    package init(_ event: OutboundEvent, root: String, ids: DerivedIDs, reason: String) {
        let (id, type) =
            switch event.record.content {
            case .signal(let signal): (signal.id, signal.type)
            case .marker(let marker): (ids.marker(of: marker.appliedPosition), Marker.type)
            // Such a record is not published, so publishing it cannot fail.
            case .removed, .unreadable: ("", "")
            }
        self.init(
            position: event.record.position, subject: event.subject, id: id, type: type, offset: event.record.offset,
            topic: TopicName.topic(root: root, type: type, subject: event.subject), reason: reason)
    }
}
