/// A place in a JSON value (RFC 6901): the empty text is the whole value.
struct JSONPointer: Hashable, Sendable, CustomStringConvertible {
    let description: String

    static let root = JSONPointer(description: "")

    private init(description: String) {
        self.description = description
    }

    func appending(_ token: String) -> JSONPointer {
        JSONPointer(description: description + "/" + Self.escape(token))
    }

    func appending(_ index: Int) -> JSONPointer { JSONPointer(description: description + "/\(index)") }

    /// The tokens of a `$ref` to a place in its own document, `#/$defs/a%20b`; nil for any other.
    static func tokens(ofReference text: String) -> [String]? {
        guard text.hasPrefix("#"), let pointer = decodePercent(text.dropFirst()) else { return nil }
        if pointer.isEmpty { return [] }
        guard pointer.hasPrefix("/") else { return nil }
        return pointer.dropFirst().split(separator: "/", omittingEmptySubsequences: false).map { token in
            replace(replace(String(token), "~1", with: "/"), "~0", with: "~")
        }
    }

    private static func escape(_ token: String) -> String {
        replace(replace(token, "~", with: "~0"), "/", with: "~1")
    }

    private static func replace(_ text: String, _ part: String, with other: String) -> String {
        guard text.contains(part) else { return text }
        return text.split(separator: part, omittingEmptySubsequences: false).joined(separator: other)
    }

    private static func decodePercent(_ text: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let digits = String(validating: rest.prefix(2), as: UTF8.self), digits.utf8.count == 2,
                let decoded = UInt8(digits, radix: 16)
            else { return nil }
            bytes.append(decoded)
            rest = rest.dropFirst(2)
        }
        return String(validating: bytes, as: UTF8.self)
    }
}
