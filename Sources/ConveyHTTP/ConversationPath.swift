import Conversation
import HTTPServing

/// Subjects in paths: one segment, percent-encoded.
enum ConversationPath {
    /// The subject in `/v1/conversations/{subject}/…`; nil if it is missing or not in the one accepted spelling.
    static func subject(_ request: HTTPRequest) -> String? {
        let segments = request.target.path().split(separator: "/")
        return segments.count > 2 ? QueryPath.subject(segment: segments[2]) : nil
    }

    /// The message for a subject in another spelling.
    static let misspelled =
        "The path must name a conversation, percent-encoded: %XX in capitals for bytes that need it, and for no others."
}
