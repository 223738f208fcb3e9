/// The views of conversations. Topics, paths and commands use these names.
public enum QueryView: String, Sendable, CaseIterable {
    /// What the participants saw.
    case timeline
    /// The messages a language model would receive.
    case context
    /// The recorded signals as they are published.
    case events
    /// The reducer's state, with the latest 100 applied signals.
    case state
    /// The causes and consequences of a signal.
    case trace
    /// All conversations.
    case conversations
    /// The effects in progress in all conversations.
    case effects

    /// Whether the query is about one conversation.
    public var needsSubject: Bool {
        switch self {
        case .timeline, .context, .events, .state, .trace: true
        case .conversations, .effects: false
        }
    }

    /// The parameters that the view accepts.
    public var parameters: [QueryParameter] {
        switch self {
        case .timeline: [.limit, .before, .asOf, .shape]
        case .context: [.limit, .asOf]
        case .events:
            [.limit, .before, .after, .asOf, .family, .type, .since, .until, .afterSequence]
        case .state: [.asOf]
        case .trace: [.id, .asOf]
        case .conversations: [.prefix, .contains, .order, .since, .limit, .cursor]
        case .effects: [.subject, .limit, .cursor]
        }
    }

    /// The default and maximum number of elements of an answer. An answer must fit in a message that brokers accept.
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
        case .context: "the messages that a language model would receive"
        case .events: "the recorded signals, exactly as they are published"
        case .state: "the reducer's state, with the latest 100 applied signals"
        case .trace: "the causes and consequences of a signal"
        case .conversations: "all conversations with their latest activity"
        case .effects: "the effects in progress in all conversations, oldest first"
        }
    }
}
