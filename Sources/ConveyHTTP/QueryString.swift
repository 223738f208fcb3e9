import Conversation
import Foundation

/// Names and values, form-encoded as in query strings and in the bodies of forms: a plus sign is a space (WHATWG URL,
/// section 5.1).
struct QueryString: Sendable {
    /// In the order they stand, repeated names included.
    let items: [(name: String, value: String)]

    /// Nil where the text is not percent-encoded UTF-8.
    init?(_ text: String) {
        var items: [(name: String, value: String)] = []
        for item in text.split(separator: "&") {
            let parts = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let texts = parts.map { $0.replacing("+", with: " ").removingPercentEncoding }
            guard let name = texts[0], let value = texts.count > 1 ? texts[1] : "" else { return nil }
            items.append((name, value))
        }
        self.items = items
    }

    /// The last value of a name; nil where there is none.
    subscript(_ name: String) -> String? { items.last { $0.name == name }?.value }

    /// All values of a name.
    func values(_ name: String) -> [String] { items.filter { $0.name == name }.map(\.value) }
}

/// Subjects in paths: one segment, percent-encoded.
enum ConversationPath {
    /// The subject in `/v1/conversations/{subject}/…`; nil where it is missing or spelled otherwise than URIs are.
    static func subject(_ request: HTTPRequest) -> String? {
        let segments = request.target.path().split(separator: "/")
        return segments.count > 2 ? QueryPath.subject(segment: segments[2]) : nil
    }

    /// What a client reads whose spelling was not taken.
    static let misspelled =
        "The path must name a conversation, percent-encoded: %XX in capitals for bytes that need it, and for no others."
}
