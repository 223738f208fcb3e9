/// What the text of an attribute may be.
enum AttributeText {
    /// Bytes of UTF-8 that a subject may have: percent-encoded it still fits an MQTT topic many times over.
    static let maximumSubjectBytes = 256
    /// Bytes that `id`, `source`, `type` and a cause's id may have: they are keys, and stand in logs and topics.
    static let maximumBytes = 1_024
    /// RFC 3339 needs 35 at most with nanoseconds.
    static let maximumTimeBytes = 64

    /// What is wrong with the text, or nil.
    static func fault(_ text: String, maximumBytes: Int) -> String? {
        var copy = text
        return copy.withUTF8 { fault($0, maximumBytes: maximumBytes) }
    }

    static func fault(_ utf8: UnsafeBufferPointer<UInt8>, maximumBytes: Int) -> String? {
        guard utf8.count <= maximumBytes else { return "is longer than \(maximumBytes) bytes" }
        var isAboveSpace = false
        var isASCII = true
        for byte in utf8 {
            if byte < 0x20 || byte == 0x7f { return fault(ofControlIn: utf8) }
            isAboveSpace = isAboveSpace || byte > 0x20
            isASCII = isASCII && byte < 0x80
        }
        if isASCII { return isAboveSpace ? nil : "is blank" }
        let text = String(decoding: utf8, as: UTF8.self)
        if JSONText.isBlank(text) { return "is blank" }
        return text.unicodeScalars.contains { $0.properties.generalCategory == .control }
            ? "holds a control character" : nil
    }

    private static func fault(ofControlIn utf8: UnsafeBufferPointer<UInt8>) -> String {
        JSONText.isBlank(String(decoding: utf8, as: UTF8.self)) ? "is blank" : "holds a control character"
    }
}
