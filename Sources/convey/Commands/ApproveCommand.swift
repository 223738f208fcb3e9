import ArgumentParser
import Signals

/// `convey approve SUBJECT EFFECT`
struct ApproveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "approve", abstract: "Let a tool call run that waits for consent.",
        discussion: "convey effects lists what waits. \(SignalPublication.exits)")

    @Argument(help: "The conversation.")
    var subject: SubjectArgument
    @OptionGroup
    var effect: EffectArgument
    @OptionGroup
    var output: OutputFlags
    @OptionGroup
    var client: ClientFlags

    func run() async throws {
        let publication = SignalPublication(
            type: SignalType.toolApproved, subject: subject.subject, settings: try client.settings(),
            otherwise: "approved: the call runs when there is a free place", isJSON: output.isJSON)
        try await publication.run([effect.member])
    }
}
