import Signals

/// The topics of one conversation, or of all (docs/PROTOCOL.md, "Topics").
package struct ConversationTopics: Sendable {
    /// The beginning of every topic, `conv`.
    package let root: String
    /// The conversation as one topic level, or `+` for all conversations.
    private let level: String

    package init(root: String, subject: String) {
        self.root = root
        level = TopicName.encode(level: subject)
    }

    /// Every conversation: for subscriptions only.
    package init(allUnder root: String) {
        self.root = root
        level = "+"
    }

    /// The topic of a signal of the family `in`: `conv.in.message.received` goes to `conv/in/chat-42/message/received`.
    package func signal(_ type: String) -> String {
        let words = type.split(separator: ".").dropFirst(2).joined(separator: "/")
        return "\(root)/in/\(level)/\(words)"
    }

    /// Everything of one family: `in`, `out`, `effect`, `applied` or `audit`.
    package func all(of family: String) -> String { "\(root)/\(family)/\(level)/#" }

    /// The topics needed to see what a signal leads to: its marker, effects and audit signals.
    package var consequences: [String] { ["applied", "effect", "audit"].map { all(of: $0) } }

    /// The topics needed to follow an answer to its end: its text, its end, and the tool calls it waits for.
    package var answer: [String] { [all(of: "out"), "\(root)/effect/\(level)/tool/execution/+"] }

    /// The topic that tells of requests about effects that are not there.
    package var refusals: String { "\(root)/audit/\(level)/effect/unknown_target" }

    /// The topic of a client's receipts.
    package func receipts(clientID: String) -> String { "\(root)/receipt/\(level)/\(clientID)" }
}
