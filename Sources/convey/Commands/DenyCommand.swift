import ArgumentParser
import Signals

/// `convey deny SUBJECT EFFECT`
struct DenyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "deny", abstract: "Refuse a tool call that waits for approval.",
        discussion: "The model is told. \(SignalPublication.exits)")

    @Argument(help: "The conversation.", transform: SubjectArgument.parse)
    var subject: SubjectArgument
    @OptionGroup
    var effect: EffectArgument
    @Option(help: "Why; the model is told.")
    var reason: String?
    @OptionGroup
    var signal: SignalFlags

    func run() async throws {
        try await signal.publish(
            SignalType.toolDenied, to: subject, [effect.member, ("reason", reason.map(JSONValue.string))],
            needsConversation: true, otherwise: "denied")
    }
}
