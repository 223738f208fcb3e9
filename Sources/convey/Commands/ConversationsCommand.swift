import ArgumentParser
import ConveyClient
import Dialogue

/// `convey conversations [PREFIX]`
struct ConversationsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "conversations", abstract: "List conversations.", discussion: QueryFlags.exits)

    @Argument(help: "Only conversations whose subject starts with this text.")
    var prefix: String?
    @Option(help: "Only conversations whose subject contains this text, whatever the case of its letters.")
    var contains: String?
    @Flag(help: "Sort by latest activity instead of by subject.")
    var recent = false
    @Option(help: "With --recent: only conversations active at this time (RFC 3339) or later.")
    var since: String?
    @Option(parsing: .unconditional, help: "How many, 1 to 500.")
    var limit: Int?
    @Option(help: "The cursor printed at the end of the previous page.")
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
