import ArgumentParser
import ConveyClient
import Dialogue

/// `convey trace SUBJECT ID`
struct TraceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "trace", abstract: "Show the causes and consequences of a signal.",
        discussion: QueryFlags.exits)

    @Argument(help: "The conversation.", transform: SubjectArgument.parse)
    var subject: SubjectArgument
    @Argument(help: "The signal's id.")
    var id: String
    @Option(parsing: .unconditional, help: "The conversation as it was at this offset.")
    var asOf: Int?
    @OptionGroup var query: QueryFlags

    func run() async throws {
        let given = QueryFlags.parameters([.id: id, .asOf: asOf.map(String.init)])
        try await query.run(
            Question(.trace, subject: subject.subject, parameters: given), table: AnswerTable.trace)
    }
}
