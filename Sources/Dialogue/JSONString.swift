import Signals

/// Strings in JSON (RFC 8259 section 7).
enum JSONString {
    /// The text in quotes, escaped where necessary.
    static func quoted(_ text: String) -> String {
        var bytes: [UInt8] = []
        JSONWriter.append(string: text, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }
}
