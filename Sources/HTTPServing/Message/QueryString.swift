import Foundation

/// Names and values of a query string or a form (`application/x-www-form-urlencoded`): a plus sign is a space (WHATWG URL,
/// section 5.1).
package struct QueryString: Sendable {
    /// In their order, repeated names included.
    package let items: [(name: String, value: String)]

    /// Nil if the text is not percent-encoded UTF-8.
    package init?(_ text: String) {
        var items: [(name: String, value: String)] = []
        for item in text.split(separator: "&") {
            let parts = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let texts = parts.map { $0.replacing("+", with: " ").removingPercentEncoding }
            guard let name = texts[0], let value = texts.count > 1 ? texts[1] : "" else { return nil }
            items.append((name, value))
        }
        self.items = items
    }

    /// The last value of a name; nil if there is none.
    package subscript(_ name: String) -> String? { items.last { $0.name == name }?.value }

    /// All values of a name.
    package func values(_ name: String) -> [String] { items.filter { $0.name == name }.map(\.value) }

    /// A text as a name or value: everything but unreserved characters (RFC 3986, section 2.3), `:` and `@` percent-encoded.
    package static func encoded(_ text: String) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.utf8.count)
        for byte in text.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5a, 0x61...0x7a: bytes.append(byte)
            case _ where "-._~:@".utf8.contains(byte): bytes.append(byte)
            default: bytes += "%\(byte < 0x10 ? "0" : "")\(String(byte, radix: 16, uppercase: true))".utf8
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
