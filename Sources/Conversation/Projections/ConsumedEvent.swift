import Signals

/// The parts of an event from the broker that a timeline needs (docs/PROTOCOL.md, "What Convey publishes").
public struct ConsumedEvent: Sendable {
    public var id: String
    public var type: String
    public var subject: String
    public var family: Family
    /// Number in the conversation's family, from 1, without gaps.
    public var sequence: Int64
    /// The time of recording in microseconds since 1970; nil if it cannot be read.
    public var time: Int64?
    /// JSON.
    public var data: [UInt8]

    /// Nil if Convey did not publish it: other programs may publish to the same topics.
    public init?(payload: [UInt8]) {
        guard let envelope = JSONObjectView(payload), let id = envelope["id"]?.string,
            let type = envelope["type"]?.string, let subject = envelope["subject"]?.string,
            let family = Family(type: type), let sequence = envelope["sequence"].flatMap(Self.number), sequence > 0,
            let data = envelope["data"], data.kind == .object
        else { return nil }
        self.id = id
        self.type = type
        self.subject = subject
        self.family = family
        self.sequence = sequence
        time = envelope["time"]?.string.flatMap { RFC3339.microseconds($0) }
        self.data = Array(data.raw)
    }

    /// A marker's content: a signal's place in its conversation, and the signal itself if a client published it.
    public struct Marker: Sendable {
        public var signalID: String
        public var signalType: String
        /// Offset in the conversation.
        public var offset: Int64
        /// Only for `conv.in.*`.
        public var signalData: [UInt8]?
    }

    /// Nil if it is not a marker.
    public var marker: Marker? {
        guard family == .applied, let data = JSONObjectView(data), let id = data["applied_event_id"]?.string,
            let type = data["original_type"]?.string, let offset = data["scheduler_seq"].flatMap(Self.number)
        else { return nil }
        let signal = data["signal"]?.object?["data"].map { Array($0.raw) }
        return Marker(signalID: id, signalType: type, offset: offset, signalData: signal)
    }

    private static func number(_ value: JSONSlice) -> Int64? {
        value.kind == .integer ? Int64(String(decoding: value.raw, as: UTF8.self)) : nil
    }
}
