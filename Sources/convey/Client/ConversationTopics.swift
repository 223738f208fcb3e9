import Signals

/// The topics of one conversation, or of all (docs/PROTOCOL.md, "Topics").
struct ConversationTopics: Sendable {
    /// What every topic starts with, `conv`.
    let root: String
    /// The conversation as one topic level, or `+` for all conversations.
    private let level: String

    init(root: String, subject: String) {
        self.root = root
        level = TopicName.encode(level: subject)
    }

    /// Every conversation: for subscriptions only.
    init(allUnder root: String) {
        self.root = root
        level = "+"
    }

    var message: String { "\(root)/in/\(level)/message/received" }
    var abort: String { "\(root)/in/\(level)/control/abort_requested" }

    /// Everything of one family: `in`, `out`, `effect`, `applied` or `audit`.
    func all(of family: String) -> String { "\(root)/\(family)/\(level)/#" }

    /// The topics needed to follow an answer to its end: its text, its end, and the tool calls it waits for.
    var answer: [String] { [all(of: "out"), "\(root)/effect/\(level)/tool/execution/+"] }

    /// The topic of a client's receipts.
    func receipts(clientID: String) -> String { "\(root)/receipt/\(level)/\(clientID)" }
}
