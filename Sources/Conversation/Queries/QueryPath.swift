import Signals

/// Queries as HTTP paths: `/v1/conversations/{subject}/{view}`, and `/v1/{view}` for those about all conversations.
public enum QueryPath {
    /// The prefix of queries about one conversation; by itself the query for all conversations.
    public static let base = "/v1/conversations"

    /// A subject as a path segment: encoded as in a topic. `.` and `..` are escaped, because programs treat them as
    /// steps in the path (RFC 3986, section 3.3).
    public static func segment(_ subject: String) -> String {
        switch subject {
        case ".": "%2E"
        case "..": "%2E%2E"
        default: TopicName.encode(level: subject)
        }
    }

    /// The subject in a path segment; nil for a spelling that URIs do not use, so that nobody can evade a proxy's rule
    /// for a path: characters that need no escape have none (RFC 3986, section 2.3), and escapes are in upper case and
    /// encode UTF-8.
    ///
    /// Characters that URIs reserve may be escaped or not, because programs differ in this: `:` and `%3A` are equal.
    public static func subject(segment: some StringProtocol) -> String? {
        let bytes = Array(segment.utf8)
        guard !bytes.isEmpty, segment != ".", segment != ".." else { return nil }
        if segment != "%2E", segment != "%2E%2E" {
            var at = 0
            while at < bytes.count {
                if bytes[at] == UInt8(ascii: "%") {
                    guard at + 2 < bytes.count, let high = capitalHexDigit(bytes[at + 1]),
                        let low = capitalHexDigit(bytes[at + 2]), !PercentEncoding.isUnreserved(high << 4 | low)
                    else { return nil }
                    at += 3
                } else {
                    guard PercentEncoding.isPlainInTopic(bytes[at]) || PercentEncoding.isSubDelimiter(bytes[at]) else {
                        return nil
                    }
                    at += 1
                }
            }
        }
        return PercentEncoding.decode(bytes)
    }

    private static func capitalHexDigit(_ byte: UInt8) -> UInt8? {
        byte >= UInt8(ascii: "a") ? nil : hexDigitValue(byte)
    }

    /// The path of a view, with the given segment for the conversation.
    public static func path(view: QueryView, segment: String) -> String {
        view.needsSubject ? "\(base)/\(segment)/\(view.rawValue)" : "/v1/\(view.rawValue)"
    }

    /// The path of a query with its query string.
    public static func path(view: QueryView, subject: String, parameters: [(name: String, value: String)]) -> String {
        let path = path(view: view, segment: segment(subject))
        let items = parameters.map { "\(TopicName.encode(level: $0.name))=\(TopicName.encode(level: $0.value))" }
        return items.isEmpty ? path : path + "?" + items.joined(separator: "&")
    }
}
