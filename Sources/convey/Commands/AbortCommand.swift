import ArgumentParser
import Signals

/// `convey abort SUBJECT`
struct AbortCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "abort", abstract: "Cancel everything that is under way in a conversation.",
        discussion: "Says what was canceled. \(SignalPublication.exits)")

    @Argument(help: "The conversation.")
    var subject: SubjectArgument
    @OptionGroup
    var output: OutputFlags
    @OptionGroup
    var client: ClientFlags

    func run() async throws {
        let publication = SignalPublication(
            type: SignalType.abortRequested, subject: subject.subject, settings: try client.settings(),
            otherwise: "nothing was under way", isJSON: output.isJSON)
        try await publication.run([])
    }
}
