import ArgumentParser
import Conversation
import ConveyClient

private let exits = "Exit status: 0 answered, 1 refused (no such conversation), 69 nobody answers, 78 a wrong setting."

/// Parameters of a question from flags; those not given are left out.
private func parameters(_ given: [QueryParameter: String?]) -> [QueryParameter: String] {
    given.compactMapValues { $0 }
}

/// `convey timeline SUBJECT`
struct TimelineCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "timeline", abstract: "Show what the participants of a conversation saw.", discussion: exits)

    @Argument(help: "The conversation.")
    var subject: SubjectArgument
    @Option(help: "How many entries, 1 to 500.")
    var limit: Int?
    @Option(help: "Only what was recorded before this offset.")
    var before: Int?
    @Option(help: "The conversation as it was at this offset.")
    var asOf: Int?
    @OptionGroup var query: QueryFlags

    func run() async throws {
        let given = parameters([
            .limit: limit.map(String.init), .before: before.map(String.init), .asOf: asOf.map(String.init),
        ])
        try await query.run(
            Question(.timeline, subject: subject.subject, parameters: given), table: AnswerTable.timeline)
    }
}

/// `convey context SUBJECT`
struct ContextCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "context", abstract: "Show what a language model would be told of a conversation.",
        discussion: exits)

    @Argument(help: "The conversation.")
    var subject: SubjectArgument
    @Option(help: "How many messages, 1 to 200.")
    var limit: Int?
    @Option(help: "The conversation as it was at this offset.")
    var asOf: Int?
    @OptionGroup var query: QueryFlags

    func run() async throws {
        let given = parameters([.limit: limit.map(String.init), .asOf: asOf.map(String.init)])
        try await query.run(
            Question(.context, subject: subject.subject, parameters: given), table: AnswerTable.context)
    }
}

/// `convey events SUBJECT`
struct EventsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "events", abstract: "Show the recorded signals of a conversation.", discussion: exits)

    @Argument(help: "The conversation.")
    var subject: SubjectArgument
    @Option(help: "How many events, 1 to 1000.")
    var limit: Int?
    @Option(help: "Only what was recorded before this offset; the newest of it.")
    var before: Int?
    @Option(help: "Only what was recorded after this offset; the oldest of it.")
    var after: Int?
    @Option(help: "With one family: only what has a higher sequence.")
    var afterSequence: Int?
    @Option(help: "The conversation as it was at this offset.")
    var asOf: Int?
    @Option(help: "Only these families, separated by commas: in, applied, effect, out, audit.")
    var family: String?
    @Option(help: "Only this type; with * at its end, types that begin so.")
    var type: String?
    @Option(help: "Only what was recorded at this time (RFC 3339) or later.")
    var since: String?
    @Option(help: "Only what was recorded before this time.")
    var until: String?
    @OptionGroup var query: QueryFlags

    func run() async throws {
        let given = parameters([
            .limit: limit.map(String.init), .before: before.map(String.init), .after: after.map(String.init),
            .afterSequence: afterSequence.map(String.init), .asOf: asOf.map(String.init), .family: family, .type: type,
            .since: since, .until: until,
        ])
        try await query.run(
            Question(.events, subject: subject.subject, parameters: given), table: AnswerTable.events)
    }
}

/// `convey state SUBJECT`
struct StateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "state", abstract: "Show a conversation's state, now or as it was.", discussion: exits)

    @Argument(help: "The conversation.")
    var subject: SubjectArgument
    @Option(help: "The conversation as it was at this offset.")
    var asOf: Int?
    @OptionGroup var query: QueryFlags

    func run() async throws {
        let given = parameters([.asOf: asOf.map(String.init)])
        try await query.run(
            Question(.state, subject: subject.subject, parameters: given), table: AnswerTable.state)
    }
}

/// `convey trace SUBJECT ID`
struct TraceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "trace", abstract: "Show what led to a signal, and what followed from it.", discussion: exits)

    @Argument(help: "The conversation.")
    var subject: SubjectArgument
    @Argument(help: "The signal's id.")
    var id: String
    @Option(help: "The conversation as it was at this offset.")
    var asOf: Int?
    @OptionGroup var query: QueryFlags

    func run() async throws {
        let given = parameters([.id: id, .asOf: asOf.map(String.init)])
        try await query.run(
            Question(.trace, subject: subject.subject, parameters: given), table: AnswerTable.trace)
    }
}

/// `convey conversations [PREFIX]`
struct ConversationsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "conversations", abstract: "List conversations.", discussion: exits)

    @Argument(help: "Only conversations whose subject begins so.")
    var prefix: String?
    @Option(help: "Only conversations with this in their subject, whatever the case of ASCII letters.")
    var contains: String?
    @Flag(help: "The latest activity first, instead of by subject.")
    var recent = false
    @Option(help: "With --recent: only what was active at this time (RFC 3339) or later.")
    var since: String?
    @Option(help: "How many, 1 to 500.")
    var limit: Int?
    @Option(help: "Where the page before this one ended.")
    var cursor: String?
    @OptionGroup var query: QueryFlags

    func run() async throws {
        let given = parameters([
            .prefix: prefix, .contains: contains, .order: recent ? "recent" : nil, .since: since,
            .limit: limit.map(String.init),
            .cursor: cursor,
        ])
        try await query.run(Question(.conversations, parameters: given), table: AnswerTable.conversations)
    }
}

/// `convey effects`
struct EffectsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "effects", abstract: "List the effects under way in all conversations, the oldest first.",
        discussion: exits)

    @Option(help: "How many, 1 to 500.")
    var limit: Int?
    @Option(help: "Where the page before this one ended.")
    var cursor: String?
    @OptionGroup var query: QueryFlags

    func run() async throws {
        let given = parameters([.limit: limit.map(String.init), .cursor: cursor])
        try await query.run(Question(.effects, parameters: given), table: AnswerTable.effects)
    }
}
