import ArgumentParser
import Signals

/// `convey approve SUBJECT EFFECT`
struct ApproveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "approve", abstract: "Let a tool call run that waits for consent.",
        discussion: "convey effects lists what waits. \(SignalPublication.exits)")

    @Argument(help: "The conversation.", transform: SubjectArgument.parse)
    var subject: SubjectArgument
    @OptionGroup
    var effect: EffectArgument
    @OptionGroup
    var signal: SignalFlags

    func run() async throws {
        try await signal.publish(
            SignalType.toolApproved, to: subject, [effect.member],
            otherwise: "approved: the call runs when there is a free place")
    }
}
