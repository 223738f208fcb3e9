/// The word after `conv.` in a signal's type.
public enum Family: UInt8, Sendable, CaseIterable {
    case inbound = 0
    case applied = 1
    case effect = 2
    case output = 3
    case audit = 4

    /// The word as it stands in types and topics: `in`, `applied`, `effect`, `out`, `audit`.
    public var name: String {
        switch self {
        case .inbound: "in"
        case .applied: "applied"
        case .effect: "effect"
        case .output: "out"
        case .audit: "audit"
        }
    }

    /// The family of a signal type, or nil when the type is in no known namespace.
    public init?(type: String) {
        // By bytes: `hasPrefix` compares characters, and a combining mark behind the dot would make it another one.
        var type = type
        let family: Family? = type.withUTF8 { bytes in
            guard bytes.starts(with: "conv.") else { return nil }
            let rest = UnsafeBufferPointer(rebasing: bytes[5...])
            if rest.starts(with: "in.") { return .inbound }
            if rest.starts(with: "applied.") { return .applied }
            if rest.starts(with: "effect.") { return .effect }
            if rest.starts(with: "out.") { return .output }
            if rest.starts(with: "audit.") { return .audit }
            return nil
        }
        guard let family else { return nil }
        self = family
    }
}

/// What a signal says has to be applied before it.
public enum Cause: Sendable, Equatable {
    case none
    /// The id of another signal of the same conversation.
    case signal(String)
    /// The producer named something that can never be a signal's id (a number, a list): it is never ready.
    case unsatisfiable
}

/// A CloudEvents 1.0 event whose type starts with `conv.`, as the contract accepted it.
public struct Signal: Sendable, Equatable {
    public var id: String
    public var source: String
    public var type: String
    /// The conversation's id, as it stands in the envelope (not percent-encoded).
    public var subject: String
    /// RFC 3339, as the producer wrote it; nil where the producer gave none (the time of recording is used then).
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
    /// The extension attribute of a signal that was copied from another conversation: `{subject}/{offset}`, the subject
    /// encoded as in a topic. Such a signal is history: it is recorded, applied and published, and orders nothing
    /// (docs/adr/0021-forks.md).
    public static let forkedFrom = "forkedfrom"

    /// Whether it was copied from another conversation.
    public var isForked: Bool {
        guard !extensions.isEmpty else { return false }
        let object = [UInt8(ascii: "{")] + extensions + [UInt8(ascii: "}")]
        return JSONObjectView(object)?["forkedfrom"]?.kind == .string
    }
}

extension UnsafeBufferPointer<UInt8> {
    func starts(with text: StaticString) -> Bool { holds(text, at: 0) }

    func ends(with text: StaticString) -> Bool { holds(text, at: count - text.utf8CodeUnitCount) }

    private func holds(_ text: StaticString, at start: Int) -> Bool {
        guard start >= 0, start + text.utf8CodeUnitCount <= count else { return false }
        for index in 0..<text.utf8CodeUnitCount where self[start + index] != text.utf8Start[index] { return false }
        return true
    }
}
