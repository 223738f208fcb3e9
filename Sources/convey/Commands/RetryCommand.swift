import ArgumentParser
import Signals

/// `convey retry SUBJECT`
struct RetryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retry", abstract: "Make an answer once more that has failed.",
        discussion: """
            The newest one, or that of --effect. An answer that has not failed is not made again. \(SignalPublication.exits)
            """)

    @Argument(help: "The conversation.")
    var subject: SubjectArgument
    @Option(help: "The id of the effect that has failed, as convey timeline and tail show it.")
    var effect: String?
    @OptionGroup
    var signal: SignalFlags

    func run() async throws {
        try await signal.publish(
            SignalType.answerRetryRequested, to: subject, [("effect_id", effect.map(JSONValue.string))],
            needsConversation: true, otherwise: "the answer waits for its turn")
    }
}
