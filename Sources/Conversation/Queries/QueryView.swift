/// What can be asked about conversations. The names stand in topics, paths and commands.
public enum QueryView: String, Sendable, CaseIterable {
    /// What the participants saw, deltas joined.
    case timeline
    /// What a language model would be told.
    case context
    /// The recorded signals as they are published.
    case events
    /// The reducer's state, with the latest 100 applications.
    case state
    /// What led to a signal and what followed from it.
    case trace
    /// Which conversations there are.
    case conversations
    /// Which effects are under way, in all conversations.
    case effects

    /// Whether the question is about one conversation.
    public var needsSubject: Bool {
        switch self {
        case .timeline, .context, .events, .state, .trace: true
        case .conversations, .effects: false
        }
    }

    /// The parameters that the view takes.
    public var parameters: [QueryParameter] {
        switch self {
        case .timeline: [.limit, .before, .asOf]
        case .context: [.limit, .asOf]
        case .events:
            [.limit, .before, .after, .asOf, .family, .type, .since, .until, .afterSequence]
        case .state: [.asOf]
        case .trace: [.id, .asOf]
        case .conversations: [.prefix, .contains, .order, .since, .limit, .cursor]
        case .effects: [.limit, .cursor]
        }
    }

    /// How many elements an answer has: unless told, and at the most. An answer stays a message that a broker takes.
    public var limits: (standard: Int, most: Int) {
        switch self {
        case .timeline, .conversations, .effects: (50, 500)
        case .context: (40, 200)
        case .events: (100, 1_000)
        case .state, .trace: (1, 1)
        }
    }

    /// In one line, for documents and help.
    public var summary: String {
        switch self {
        case .timeline: "what the participants saw, newest page first"
        case .context: "the messages that a language model would be told"
        case .events: "the recorded signals, exactly as they are published"
        case .state: "the state that the reducer has made, with the latest 100 applications"
        case .trace: "what led to a signal, and what followed from it"
        case .conversations: "which conversations there are, and when something last happened in them"
        case .effects: "which effects are under way in all conversations, the oldest first"
        }
    }
}

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
