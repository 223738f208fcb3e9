/// What a topic that signals are taken from says about its signal.
public enum ParsedTopic: Sendable, Equatable {
    /// `{root}/in/{subject}` or `{root}/in/{subject}/{rest}`; the type is nil where there is no rest.
    case inbound(subject: String, type: String?)
    /// `{root}/ingest/{subject}`.
    case ingest(subject: String)

    public var subject: String {
        switch self {
        case .inbound(let subject, _), .ingest(let subject): subject
        }
    }
}

/// Why a topic says nothing about a signal.
public enum TopicError: Error, Sendable, Equatable {
    /// Not `{root}/in/…` nor `{root}/ingest/{subject}`.
    case notIngress
    case subjectMissing
    case subjectInvalid(String)
    /// The rest is not what `TopicName.topic` makes of a type. One type has one topic, so that a broker's access rules
    /// for a topic cannot be evaded by spelling it otherwise.
    case typeInvalid
}

/// Topic names: `{root}/{family}/{subject}/{rest}`.
///
/// The subject is percent-encoded into one level (`A-Z a-z 0-9 - . _ ~ : @` stay). The rest is the type without
/// `conv.{family}.`, each word encoded in the same way, its dots turned into slashes. Subjects are decoded generously:
/// bytes that need no escape may have one, and the other way round.
public enum TopicName {
    /// The topic of a signal. A type outside `conv.` gives a topic too (its words are the levels), never a trap.
    public static func topic(root: String, type: String, subject: String) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(root.utf8.count + type.utf8.count + subject.utf8.count + 16)
        bytes.append(contentsOf: root.utf8)
        bytes.append(UInt8(ascii: "/"))
        let rest: Substring
        if let family = Family(type: type) {
            bytes.append(contentsOf: family.name.utf8)
            rest = type.dropFirst("conv.".count + family.name.count + 1)
        } else {
            bytes.append(contentsOf: "unknown".utf8)
            rest = type[...]
        }
        bytes.append(UInt8(ascii: "/"))
        append(level: subject, to: &bytes)
        bytes.append(UInt8(ascii: "/"))
        append(rest: rest, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// `text` as one topic level.
    public static func encode(level text: String) -> String {
        var bytes: [UInt8] = []
        append(level: text, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The subject in a topic level; nil for a broken escape, bytes that are not UTF-8, and what no subject may be.
    public static func decode(level: String) -> String? {
        // Why it is not a subject does not matter to this caller.
        try? subject(Array(level.utf8)[...])
    }

    /// What a topic says, or nil for one that signals are not taken from. `read` says why.
    public static func parse(_ topic: String, root: String) -> ParsedTopic? {
        // The reason is left out on purpose, see above.
        try? read(topic, root: root)
    }

    /// What a topic says about its signal.
    public static func read(_ topic: String, root: String) throws(TopicError) -> ParsedTopic {
        let bytes = Array(topic.utf8)
        let slash = UInt8(ascii: "/")
        let prefix = root.utf8
        guard bytes.count > prefix.count, bytes.starts(with: prefix), bytes[prefix.count] == slash else {
            throw .notIngress
        }
        let behindRoot = bytes[(prefix.count + 1)...]
        let family = behindRoot.prefix { $0 != slash }
        let isInbound = family.elementsEqual("in".utf8)
        guard isInbound || family.elementsEqual("ingest".utf8) else { throw .notIngress }
        guard family.endIndex < bytes.endIndex else { throw .subjectMissing }
        let behindFamily = bytes[(family.endIndex + 1)...]
        let level = behindFamily.prefix { $0 != slash }
        let subject = try subject(level)
        let hasRest = level.endIndex < bytes.endIndex
        guard isInbound else {
            guard !hasRest else { throw .notIngress }
            return .ingest(subject: subject)
        }
        guard hasRest else { return .inbound(subject: subject, type: nil) }
        return .inbound(subject: subject, type: try type(bytes[(level.endIndex + 1)...]))
    }

    private static func subject(_ level: ArraySlice<UInt8>) throws(TopicError) -> String {
        if level.isEmpty { throw .subjectMissing }
        guard let text = PercentEncoding.decode(level) else { throw .subjectInvalid("is not percent-encoded UTF-8") }
        if let fault = AttributeText.fault(text, maximumBytes: AttributeText.maximumSubjectBytes) {
            throw .subjectInvalid(fault)
        }
        return text
    }

    private static func type(_ rest: ArraySlice<UInt8>) throws(TopicError) -> String {
        var bytes = Array("conv.in.".utf8)
        bytes.reserveCapacity(bytes.count + rest.count)
        var isPlain = true
        for byte in rest {
            if byte == UInt8(ascii: "/") {
                bytes.append(UInt8(ascii: "."))
            } else {
                isPlain = isPlain && byte != UInt8(ascii: ".") && PercentEncoding.isPlainInTopic(byte)
                bytes.append(byte)
            }
        }
        if isPlain { return String(decoding: bytes, as: UTF8.self) }
        guard !rest.contains(UInt8(ascii: ".")), let type = PercentEncoding.decode(bytes) else { throw .typeInvalid }
        var spelled: [UInt8] = []
        append(rest: type.dropFirst("conv.in.".count), to: &spelled)
        guard spelled.elementsEqual(rest) else { throw .typeInvalid }
        return type
    }

    private static func append(level text: String, to bytes: inout [UInt8]) {
        for byte in text.utf8 {
            if PercentEncoding.isPlainInTopic(byte) {
                bytes.append(byte)
            } else {
                PercentEncoding.append(escapeOf: byte, to: &bytes)
            }
        }
    }

    private static func append(rest: Substring, to bytes: inout [UInt8]) {
        for byte in rest.utf8 {
            if byte == UInt8(ascii: ".") {
                bytes.append(UInt8(ascii: "/"))
            } else if PercentEncoding.isPlainInTopic(byte) {
                bytes.append(byte)
            } else {
                PercentEncoding.append(escapeOf: byte, to: &bytes)
            }
        }
    }
}
