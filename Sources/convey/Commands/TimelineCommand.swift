import ArgumentParser
import ConveyClient
import Dialogue

/// `convey timeline SUBJECT`
struct TimelineCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "timeline", abstract: "Show what the participants of a conversation saw.",
        discussion: QueryFlags.exits)

    @Argument(help: "The conversation.", transform: SubjectArgument.parse)
    var subject: SubjectArgument
    @Option(parsing: .unconditional, help: "How many entries, 1 to 500.")
    var limit: Int?
    @Option(parsing: .unconditional, help: "Only what was recorded before this offset.")
    var before: Int?
    @Option(parsing: .unconditional, help: "The conversation as it was at this offset.")
    var asOf: Int?
    @Option(
        help: "answers: one entry per answer with its outcome (default); reference: pieces of text as they were joined."
    )
    var shape: String?
    @OptionGroup var query: QueryFlags

    func run() async throws {
        let given = QueryFlags.parameters([
            .limit: limit.map(String.init), .before: before.map(String.init), .asOf: asOf.map(String.init),
            .shape: shape,
        ])
        try await query.run(
            Question(.timeline, subject: subject.subject, parameters: given), table: AnswerTable.timeline)
    }
}
