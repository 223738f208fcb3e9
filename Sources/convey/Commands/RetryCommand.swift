import ArgumentParser
import Signals

/// `convey retry SUBJECT`
struct RetryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retry", abstract: "Retry an answer that has failed.",
        discussion: """
            Retries the newest failed answer, or the one of --effect. An answer that has not failed is not retried. \(SignalPublication.exits)
            """)

    @Argument(help: "The conversation.", transform: SubjectArgument.parse)
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
