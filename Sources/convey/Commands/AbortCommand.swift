import ArgumentParser
import Signals

/// `convey abort SUBJECT`
struct AbortCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "abort", abstract: "Cancel everything that is under way in a conversation.",
        discussion: "Says what was canceled. \(SignalPublication.exits)")

    @Argument(help: "The conversation.", transform: SubjectArgument.parse)
    var subject: SubjectArgument
    @OptionGroup
    var signal: SignalFlags

    func run() async throws {
        try await signal.publish(
            SignalType.abortRequested, to: subject, needsConversation: true, otherwise: "nothing was under way")
    }
}
