import HTTPServing

/// The paths of the page. The subject is in the query string, because browsers would resolve a path segment `..`.
enum PagePath: String, CaseIterable {
    case conversations = "/"
    case conversation = "/c"
    case state = "/c/state"
    case trace = "/c/trace"
    case events = "/c/events"
    case live = "/c/live"
    case say = "/c/say"
    case control = "/c/control"
    case effect = "/c/effect"
    case retry = "/c/retry"
    case effects = "/effects"
    case deadLetters = "/deadletters"
    case moveDeadLetters = "/deadletters/move"
    case status = "/status"

    /// The path with a query string.
    func with(_ items: (String, String)...) -> String { with(items) }

    func with(_ items: [(String, String)]) -> String {
        let texts = items.map { "\(QueryString.encoded($0.0))=\(QueryString.encoded($0.1))" }
        return texts.isEmpty ? rawValue : "\(rawValue)?\(texts.joined(separator: "&"))"
    }

    /// The page of a conversation.
    func of(_ subject: String, _ items: (String, String)...) -> String { of(subject, items) }

    func of(_ subject: String, _ items: [(String, String)]) -> String {
        with([(PagePath.subject, subject)] + items)
    }

    /// The parameter for an earlier time; none for the present.
    static func time(_ asOf: Int64?) -> [(String, String)] { asOf.map { [("as_of", String($0))] } ?? [] }

    /// The parameter and form field that names the conversation.
    static let subject = "s"
}
