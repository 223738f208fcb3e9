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
    case shape
    case subject

    /// In one line, for documents and help.
    public var summary: String {
        switch self {
        case .limit: "maximum number of elements"
        case .before: "only the newest elements recorded before this offset"
        case .after: "only the oldest elements recorded after this offset"
        case .asOf: "the conversation as it was when this offset was its newest"
        case .family: "only these families, separated by commas: in, applied, effect, out, audit"
        case .type: "only these types, separated by commas; a trailing * matches any ending"
        case .since: "only what was recorded at or after this time (RFC 3339)"
        case .until: "only what was recorded before this time (RFC 3339)"
        case .afterSequence: "with one family: only the oldest elements with a higher sequence"
        case .id: "the signal's id"
        case .prefix: "only conversations whose subject starts with this text"
        case .contains: "only conversations whose subject contains this text, whatever the case of its letters"
        case .order: "subject, or recent for latest activity first"
        case .shape:
            "answers for one entry per answer with its outcome, or reference for pieces joined as in the reference vectors"
        case .subject: "only those of this conversation"
        case .cursor: "the cursor from the previous page's next"
        }
    }

    /// Whether the value is a number.
    public var isNumber: Bool {
        switch self {
        case .limit, .before, .after, .asOf, .afterSequence: true
        case .family, .type, .since, .until, .id, .prefix, .contains, .order, .cursor, .shape, .subject: false
        }
    }
}
