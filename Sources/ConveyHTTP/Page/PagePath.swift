import Signals

/// The paths of the page. A conversation stands in the query string: as a segment, browsers would take `..` for a step up.
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
    case effects = "/effects"
    case deadLetters = "/deadletters"
    case moveDeadLetters = "/deadletters/move"
    case status = "/status"

    /// The path with a query string.
    func with(_ items: (String, String)...) -> String { with(items) }

    func with(_ items: [(String, String)]) -> String {
        let texts = items.map { "\(Self.encoded($0.0))=\(Self.encoded($0.1))" }
        return texts.isEmpty ? rawValue : "\(rawValue)?\(texts.joined(separator: "&"))"
    }

    /// The page of a conversation.
    func of(_ subject: String, _ items: (String, String)...) -> String { of(subject, items) }

    func of(_ subject: String, _ items: [(String, String)]) -> String {
        with([(PagePath.subject, subject)] + items)
    }

    /// The parameter of a page that shows an earlier time; none for now.
    static func time(_ asOf: Int64?) -> [(String, String)] { asOf.map { [("as_of", String($0))] } ?? [] }

    /// A text as a value in a query string.
    static func encoded(_ text: String) -> String { TopicName.encode(level: text) }

    /// The parameter and form field that names the conversation.
    static let subject = "s"
}
