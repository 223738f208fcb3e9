/// The rules for the text of an attribute.
package enum AttributeText {
    /// Maximum bytes of UTF-8 in a subject: even percent-encoded it fits an MQTT topic many times over.
    package static let maximumSubjectBytes = 256
    /// Maximum bytes of `id`, `source`, `type` and a cause's id: they are keys and appear in logs and topics.
    package static let maximumBytes = 1_024
    /// RFC 3339 needs at most 35 with nanoseconds.
    package static let maximumTimeBytes = 64

    /// The problem with the text, or nil.
    package static func fault(_ text: String, maximumBytes: Int) -> String? {
        var copy = text
        return copy.withUTF8 { fault($0, maximumBytes: maximumBytes) }
    }

    package static func fault(_ utf8: UnsafeBufferPointer<UInt8>, maximumBytes: Int) -> String? {
        guard utf8.count <= maximumBytes else { return "is longer than \(maximumBytes) bytes" }
        // Without an early exit the loop is vectorized.
        var controls: UInt8 = 0
        var visible: UInt8 = 0
        var high: UInt8 = 0
        for byte in utf8 {
            controls |= (byte < 0x20 ? 1 : 0) | (byte == 0x7f ? 1 : 0)
            visible |= byte > 0x20 ? 1 : 0
            high |= byte
        }
        if controls != 0 { return fault(ofControlIn: utf8) }
        if high < 0x80 { return visible != 0 ? nil : "is blank" }
        let text = String(decoding: utf8, as: UTF8.self)
        if JSONText.isBlank(text) { return "is blank" }
        for scalar in text.unicodeScalars {
            if scalar.properties.generalCategory == .control { return "contains a control character" }
            if isNoncharacter(scalar) { return "contains a noncharacter code point, such as U+FFFE" }
        }
        return nil
    }

    /// Code points that Unicode reserves for use inside programs (section 23.7), and that CloudEvents forbids in texts.
    private static func isNoncharacter(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value & 0xfffe == 0xfffe || (0xfdd0...0xfdef).contains(scalar.value)
    }

    /// Whether two texts have the same bytes. (`==` also holds for canonically equivalent ones.)
    package static func isSame(_ one: String, _ other: String) -> Bool {
        var one = one
        var other = other
        return one.withUTF8 { one in
            other.withUTF8 { other in
                guard one.count == other.count else { return false }
                for index in one.indices where one[index] != other[index] { return false }
                return true
            }
        }
    }

    private static func fault(ofControlIn utf8: UnsafeBufferPointer<UInt8>) -> String {
        JSONText.isBlank(String(decoding: utf8, as: UTF8.self)) ? "is blank" : "contains a control character"
    }
}
