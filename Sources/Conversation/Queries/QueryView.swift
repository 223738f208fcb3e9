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
