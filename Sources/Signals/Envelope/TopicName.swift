/// Topic names: `{root}/{family}/{subject}/{rest}`.
///
/// The subject is percent-encoded into one level (`A-Z a-z 0-9 - . _ ~ : @` stay). The rest is the type without
/// `conv.{family}.`, each word encoded in the same way, its dots turned into slashes.
///
/// A subject and a type have exactly one topic. Other spellings (an unnecessary escape, one in lower case, or a missing one) are
/// refused, so that nobody can evade a broker's access rules for a topic.
public enum TopicName {
    /// The topic of a signal. A type outside `conv.` also gets a topic (its words are the levels); it never traps.
    public static func topic(root: String, type: String, subject: String) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(root.utf8.count + type.utf8.count + subject.utf8.count + 16)
        bytes.append(contentsOf: root.utf8)
        bytes.append(UInt8(ascii: "/"))
        let rest: Substring.UTF8View
        if let family = Family(type: type) {
            bytes.append(contentsOf: family.name.utf8)
            rest = type.utf8.dropFirst("conv.".count + family.name.count + 1)
        } else {
            bytes.append(contentsOf: "unknown".utf8)
            rest = type.utf8[...]
        }
        bytes.append(UInt8(ascii: "/"))
        append(level: subject, to: &bytes)
        bytes.append(UInt8(ascii: "/"))
        append(rest: rest, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Maximum words of a type. Brokers close connections that publish to more than 200 levels; a root has at most 64, and the
    /// family and the subject add two.
    static let maximumTypeWords = 64

    /// Why brokers would refuse a type's topic, or nil.
    static func fault(type: String) -> String? {
        var words = 1
        var last = UInt8(ascii: ".")
        for byte in type.utf8 {
            if byte == UInt8(ascii: ".") {
                if last == byte { return "has an empty word" }
                words += 1
            }
            last = byte
        }
        if last == UInt8(ascii: ".") { return "has an empty word" }
        return words > maximumTypeWords ? "has \(words) words; the limit is \(maximumTypeWords)" : nil
    }

    /// `text` as one topic level.
    public static func encode(level text: String) -> String {
        if text.utf8.allSatisfy(PercentEncoding.isPlainInTopic) { return text }
        var bytes: [UInt8] = []
        append(level: text, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The subject in a topic level; nil for a spelling that `encode` does not produce, and for an invalid subject.
    public static func decode(level: String) -> String? {
        // This caller does not need the reason.
        Array(level.utf8).withUnsafeBufferPointer { try? subject($0[...]) }
    }

    /// The content of a topic, or nil if it is not a topic for inbound signals. `read` gives the reason.
    public static func parse(_ topic: String, root: String) -> ParsedTopic? {
        // The reason is dropped on purpose, see above.
        try? read(topic, root: root)
    }

    /// What a topic says about its signal.
    public static func read(_ topic: String, root: String) throws(TopicError) -> ParsedTopic {
        var topic = topic
        let result: Result<ParsedTopic, TopicError> = topic.withUTF8 { bytes in
            do throws(TopicError) { return .success(try read(bytes, root: root)) } catch { return .failure(error) }
        }
        return try result.get()
    }

    private static func read(_ bytes: UnsafeBufferPointer<UInt8>, root: String) throws(TopicError) -> ParsedTopic {
        var root = root
        let start = root.withUTF8 { root in
            bytes.count > root.count && bytes[root.count] == slash && bytes.prefix(root.count).elementsEqual(root)
                ? root.count + 1 : nil
        }
        guard let start else { throw .notIngress }
        let familyEnd = levelEnd(bytes, from: start)
        let family = bytes[start..<familyEnd]
        let isInbound = family.elementsEqual("in".utf8)
        guard isInbound || family.elementsEqual("ingest".utf8) else { throw .notIngress }
        guard familyEnd < bytes.count else { throw .subjectMissing }
        let end = levelEnd(bytes, from: familyEnd + 1)
        let subject = try subject(bytes[(familyEnd + 1)..<end])
        let hasRest = end < bytes.count
        guard isInbound else {
            guard !hasRest else { throw .notIngress }
            return .ingest(subject: subject)
        }
        guard hasRest else { return .inbound(subject: subject, type: nil) }
        return .inbound(subject: subject, type: try type(bytes[(end + 1)...]))
    }

    private static let slash = UInt8(ascii: "/")

    private static func levelEnd(_ bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> Int {
        var end = start
        while end < bytes.count, bytes[end] != slash { end += 1 }
        return end
    }

    private static func subject(_ level: Slice<UnsafeBufferPointer<UInt8>>) throws(TopicError) -> String {
        if level.isEmpty { throw .subjectMissing }
        let bytes = UnsafeBufferPointer(rebasing: level)
        let isPlain = bytes.allSatisfy(PercentEncoding.isPlainInTopic)
        guard let text = isPlain ? String(decoding: bytes, as: UTF8.self) : PercentEncoding.decode(bytes) else {
            throw .subjectInvalid("is not percent-encoded UTF-8")
        }
        if let fault = AttributeText.fault(text, maximumBytes: AttributeText.maximumSubjectBytes) {
            throw .subjectInvalid(fault)
        }
        guard isPlain || encode(level: text).utf8.elementsEqual(bytes) else {
            throw .subjectInvalid("must be spelled \(encode(level: text)) in a topic")
        }
        return text
    }

    private static func type(_ level: Slice<UnsafeBufferPointer<UInt8>>) throws(TopicError) -> String {
        let rest = UnsafeBufferPointer(rebasing: level)
        let prefix: StaticString = "conv.in."
        var isPlain = true
        let count = prefix.utf8CodeUnitCount + rest.count
        let text = String(unsafeUninitializedCapacity: count) { type in
            for index in 0..<prefix.utf8CodeUnitCount { type[index] = prefix.utf8Start[index] }
            for (index, byte) in rest.enumerated() {
                isPlain =
                    isPlain && (byte == slash || PercentEncoding.isPlainInTopic(byte)) && byte != UInt8(ascii: ".")
                type[prefix.utf8CodeUnitCount + index] = byte == slash ? UInt8(ascii: ".") : byte
            }
            return count
        }
        if isPlain { return text }
        guard !rest.contains(UInt8(ascii: ".")), let type = PercentEncoding.decode(text.utf8) else {
            throw .typeInvalid
        }
        var spelled: [UInt8] = []
        append(rest: type.utf8.dropFirst(prefix.utf8CodeUnitCount), to: &spelled)
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

    private static func append(rest: Substring.UTF8View, to bytes: inout [UInt8]) {
        for byte in rest {
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
