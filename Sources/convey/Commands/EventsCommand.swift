import ArgumentParser
import ConveyClient
import Dialogue

/// `convey events SUBJECT`
struct EventsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "events", abstract: "Show the recorded signals of a conversation.", discussion: QueryFlags.exits)

    @Argument(help: "The conversation.", transform: SubjectArgument.parse)
    var subject: SubjectArgument
    @Option(parsing: .unconditional, help: "Maximum number of events, 1 to 1000.")
    var limit: Int?
    @Option(parsing: .unconditional, help: "Only the newest events recorded before this offset.")
    var before: Int?
    @Option(parsing: .unconditional, help: "Only the oldest events recorded after this offset.")
    var after: Int?
    @Option(parsing: .unconditional, help: "With one family: only events with a higher sequence.")
    var afterSequence: Int?
    @Option(parsing: .unconditional, help: "The conversation as it was at this offset.")
    var asOf: Int?
    @Option(help: "Only these families, separated by commas: in, applied, effect, out, audit.")
    var family: String?
    @Option(help: "Only this type; a trailing * matches any ending.")
    var type: String?
    @Option(help: "Only events recorded at this time (RFC 3339) or later.")
    var since: String?
    @Option(help: "Only events recorded before this time.")
    var until: String?
    @OptionGroup var query: QueryFlags

    func run() async throws {
        let given = QueryFlags.parameters([
            .limit: limit.map(String.init), .before: before.map(String.init), .after: after.map(String.init),
            .afterSequence: afterSequence.map(String.init), .asOf: asOf.map(String.init), .family: family, .type: type,
            .since: since, .until: until,
        ])
        try await query.run(
            Question(.events, subject: subject.subject, parameters: given), table: AnswerTable.events)
    }
}
