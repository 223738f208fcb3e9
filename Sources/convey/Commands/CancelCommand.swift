import ArgumentParser
import Signals

/// `convey cancel SUBJECT EFFECT`
struct CancelCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel", abstract: "Cancel one effect: an answer, a tool call or a timer.",
        discussion: "convey effects lists what is under way. \(SignalPublication.exits)")

    @Argument(help: "The conversation.", transform: SubjectArgument.parse)
    var subject: SubjectArgument
    @OptionGroup
    var effect: EffectArgument
    @Option(help: "Why, for the record.")
    var reason: String?
    @OptionGroup
    var signal: SignalFlags

    func run() async throws {
        try await signal.publish(
            SignalType.effectCancelRequested, to: subject, [effect.member, ("reason", reason.map(JSONValue.string))],
            needsConversation: true, otherwise: "it had ended already")
    }
}
