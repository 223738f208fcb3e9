import ArgumentParser
import Signals

/// `convey configure SUBJECT`
struct ConfigureCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "configure", abstract: "Give a conversation settings of its own.",
        discussion: """
            They replace all earlier ones: what is left out is as the service is configured. --reset leaves out everything. \
            The next answer uses them; a wrong value makes it fail with a message that names it.

            \(SignalPublication.exits)
            """)

    @Argument(help: "The conversation.", transform: SubjectArgument.parse)
    var subject: SubjectArgument
    @OptionGroup
    var answers: AnswerSettingsFlags
    @Flag(help: "Back to the service's settings.")
    var reset = false
    @OptionGroup
    var signal: SignalFlags

    func validate() throws {
        guard answers.members.isEmpty == reset else {
            throw ValidationError("give the conversation's settings, or --reset")
        }
    }

    func run() async throws {
        try await signal.publish(
            SignalType.conversationConfigured, to: subject, [("llm", .object(answers.members))],
            otherwise: reset ? "the service's settings hold again" : "the next answer uses these settings")
    }
}
