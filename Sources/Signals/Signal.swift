/// A CloudEvents 1.0 event whose type starts with `conv.`, as accepted by the contract.
public struct Signal: Sendable, Equatable {
    public var id: String
    public var source: String
    public var type: String
    /// The conversation's id as in the envelope (not percent-encoded).
    public var subject: String
    /// RFC 3339, as the producer wrote it; nil if the producer gave none (then the time of recording is used).
    public var time: String?
    public var cause: Cause
    /// W3C trace context, carried unchanged.
    public var traceparent: String?
    /// All other attributes as JSON members without braces (`"correlationid":"x","foo":1`); empty when there are none.
    public var extensions: [UInt8]
    /// JSON, byte for byte as it arrived.
    public var data: [UInt8]

    public init(
        id: String, source: String, type: String, subject: String, time: String? = nil, cause: Cause = .none,
        traceparent: String? = nil, extensions: [UInt8] = [], data: [UInt8]
    ) {
        self.id = id
        self.source = source
        self.type = type
        self.subject = subject
        self.time = time
        self.cause = cause
        self.traceparent = traceparent
        self.extensions = extensions
        self.data = data
    }
}

extension Signal {
    /// The source of the lifecycle signals of effects that Convey runs.
    public static let effectSource = "/convey/effects"

    /// The extension attribute of a signal that was copied from another conversation: `{subject}/{offset}`, with the
    /// subject encoded as in a topic. Such a signal is history: it is recorded, applied and published, but orders
    /// nothing (docs/adr/0021-forks.md).
    public static let forkedFrom = "forkedfrom"

    /// Whether it was copied from another conversation.
    public var isForked: Bool {
        guard !extensions.isEmpty else { return false }
        let object = [UInt8(ascii: "{")] + extensions + [UInt8(ascii: "}")]
        return JSONObjectView(object)?["forkedfrom"]?.kind == .string
    }
}
