import ArgumentParser
import ConveyClient

/// `convey conversations [PREFIX]`
struct ConversationsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "conversations", abstract: "List conversations.", discussion: QueryFlags.exits)

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
        let given = QueryFlags.parameters([
            .prefix: prefix, .contains: contains, .order: recent ? "recent" : nil, .since: since,
            .limit: limit.map(String.init),
            .cursor: cursor,
        ])
        try await query.run(Question(.conversations, parameters: given), table: AnswerTable.conversations)
    }
}
