import ArgumentParser
import ConveyClient
import Dialogue

/// `convey state SUBJECT`
struct StateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "state", abstract: "Show a conversation's state, now or as it was.", discussion: QueryFlags.exits)

    @Argument(help: "The conversation.", transform: SubjectArgument.parse)
    var subject: SubjectArgument
    @Option(parsing: .unconditional, help: "The conversation as it was at this offset.")
    var asOf: Int?
    @OptionGroup var query: QueryFlags

    func run() async throws {
        let given = QueryFlags.parameters([.asOf: asOf.map(String.init)])
        try await query.run(
            Question(.state, subject: subject.subject, parameters: given), table: AnswerTable.state)
    }
}
