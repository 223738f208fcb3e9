/// The parameters of queries, the same at every endpoint: members of a JSON object, items of a query string, flags.
public enum QueryParameter: String, Sendable, CaseIterable {
    case limit
    case before
    case after
    case asOf = "as_of"
    case family
    case type
    case since
    case until
    case afterSequence = "after_sequence"
    case id
    case prefix
    case contains
    case order
    case cursor

    /// In one line, for documents and help.
    public var summary: String {
        switch self {
        case .limit: "how many at the most"
        case .before: "only what was recorded before this offset; the newest of it"
        case .after: "only what was recorded after this offset; the oldest of it"
        case .asOf: "the conversation as it was when this offset was its newest"
        case .family: "only these families, separated by commas: in, applied, effect, out, audit"
        case .type: "only these types, separated by commas; with * at its end, types that begin so"
        case .since: "only what was recorded at this time or later (RFC 3339)"
        case .until: "only what was recorded before this time (RFC 3339)"
        case .afterSequence: "with one family: only what has a higher sequence; the oldest of it"
        case .id: "the signal's id"
        case .prefix: "only conversations whose subject begins so"
        case .contains: "only conversations with this in their subject, whatever the case of ASCII letters"
        case .order: "subject, or recent for the latest activity first"
        case .cursor: "where the page before this one ended, from its next"
        }
    }

    /// Whether the value is a number.
    public var isNumber: Bool {
        switch self {
        case .limit, .before, .after, .asOf, .afterSequence: true
        case .family, .type, .since, .until, .id, .prefix, .contains, .order, .cursor: false
        }
    }
}
