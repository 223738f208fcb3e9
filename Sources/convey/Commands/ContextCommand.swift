import ArgumentParser
import ConveyClient
import Dialogue

/// `convey context SUBJECT`
struct ContextCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "context", abstract: "Show the messages a language model would receive.",
        discussion: QueryFlags.exits)

    @Argument(help: "The conversation.", transform: SubjectArgument.parse)
    var subject: SubjectArgument
    @Option(parsing: .unconditional, help: "How many messages, 1 to 200.")
    var limit: Int?
    @Option(parsing: .unconditional, help: "The conversation as it was at this offset.")
    var asOf: Int?
    @OptionGroup var query: QueryFlags

    func run() async throws {
        let given = QueryFlags.parameters([.limit: limit.map(String.init), .asOf: asOf.map(String.init)])
        try await query.run(
            Question(.context, subject: subject.subject, parameters: given), table: AnswerTable.context)
    }
}
