import ArgumentParser
import ConveyClient
import Dialogue

/// `convey effects`
struct EffectsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "effects", abstract: "List the effects under way in all conversations, oldest first.",
        discussion: QueryFlags.exits)

    @Option(help: "Only those of this conversation.", transform: SubjectArgument.parse)
    var subject: SubjectArgument?
    @Option(parsing: .unconditional, help: "How many, 1 to 500.")
    var limit: Int?
    @Option(help: "The cursor printed at the end of the previous page.")
    var cursor: String?
    @OptionGroup var query: QueryFlags

    func run() async throws {
        let given = QueryFlags.parameters([
            .subject: subject?.subject, .limit: limit.map(String.init), .cursor: cursor,
        ])
        try await query.run(Question(.effects, parameters: given), table: AnswerTable.effects)
    }
}
