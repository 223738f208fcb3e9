/// The attribute `traceparent` (W3C Trace Context, section 3.2): `00-{trace id}-{parent id}-{flags}`.
///
/// Trace context is a hint: Convey drops an invalid one and never refuses a signal for it.
enum TraceContext {
    static let maximumBytes = 256

    /// Whether a text is a valid `traceparent`; for a version after 00 only its beginning is checked.
    static func isTraceparent(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        guard text.count >= 55, text.count <= maximumBytes, text[2] == dash, text[35] == dash, text[52] == dash else {
            return false
        }
        let fields = [0..<2, 3..<35, 36..<52, 53..<55]
        guard fields.allSatisfy({ text[$0].allSatisfy(isSmallHexDigit) }) else { return false }
        // All-zero ids and version ff are invalid.
        guard !text[3..<35].allSatisfy({ $0 == zero }), !text[36..<52].allSatisfy({ $0 == zero }),
            !(text[0] == UInt8(ascii: "f") && text[1] == UInt8(ascii: "f"))
        else { return false }
        if text[0] == zero, text[1] == zero { return text.count == 55 }
        return text.count == 55 || (text[55] == dash && text[56...].allSatisfy { $0 > 0x20 && $0 < 0x7f })
    }

    static func isTraceparent(_ text: String) -> Bool {
        var copy = text
        return copy.withUTF8 { isTraceparent($0) }
    }

    private static let dash = UInt8(ascii: "-")
    private static let zero = UInt8(ascii: "0")

    private static func isSmallHexDigit(_ byte: UInt8) -> Bool {
        isDigit(byte) || (byte >= UInt8(ascii: "a") && byte <= UInt8(ascii: "f"))
    }
}
