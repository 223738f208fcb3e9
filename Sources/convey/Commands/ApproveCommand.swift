import ArgumentParser
import Signals

/// `convey approve SUBJECT EFFECT`
struct ApproveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "approve", abstract: "Let a tool call run that waits for approval.",
        discussion: """
            convey effects lists the calls that wait. With --arguments the tool gets these instead of the model's; they must match \
            its schema, or the call goes on waiting. Both are recorded, and the model is told. \(SignalPublication.exits)
            """)

    @Argument(help: "The conversation.", transform: SubjectArgument.parse)
    var subject: SubjectArgument
    @OptionGroup
    var effect: EffectArgument
    @Option(help: "Arguments in place of the model's: a JSON object.")
    var arguments: JSONArgument?
    @OptionGroup
    var signal: SignalFlags

    func run() async throws {
        try await signal.publish(
            SignalType.toolApproved, to: subject, [effect.member, ("arguments", arguments?.value)],
            needsConversation: true, otherwise: "approved: the call runs when there is a free place")
    }
}
