import Signals

/// The parts of a recorded signal that projections use. Projections apply events in record order.
public struct ProjectionEvent: Sendable {
    public var id: String
    public var type: String
    public var subject: String
    /// JSON as the producer wrote it. Anything but an object counts as an object without members.
    public var data: [UInt8]
    /// The offset in the conversation, from 1; nil if the source of the events has none. A projection skips events up
    /// to the offset it has reached, so a repeated delivery changes nothing.
    public var offset: Int64?

    public init(id: String, type: String, subject: String, data: [UInt8], offset: Int64? = nil) {
        self.id = id
        self.type = type
        self.subject = subject
        self.data = data
        self.offset = offset
    }

    public init(_ signal: Signal, offset: Int64? = nil) {
        self.init(id: signal.id, type: signal.type, subject: signal.subject, data: signal.data, offset: offset)
    }

    /// The members of `data`, found in one pass. Projections read this only for types that they show.
    var members: JSONObjectView { JSONObjectView(data) ?? .empty }
}
