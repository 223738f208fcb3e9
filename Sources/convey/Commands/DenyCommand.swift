import ArgumentParser
import Signals

/// `convey deny SUBJECT EFFECT`
struct DenyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "deny", abstract: "Refuse a tool call that waits for consent.",
        discussion: "The model is told. \(SignalPublication.exits)")

    @Argument(help: "The conversation.")
    var subject: SubjectArgument
    @OptionGroup
    var effect: EffectArgument
    @Option(help: "Why; the model is told.")
    var reason: String?
    @OptionGroup
    var output: OutputFlags
    @OptionGroup
    var client: ClientFlags

    func run() async throws {
        let publication = SignalPublication(
            type: SignalType.toolDenied, subject: subject.subject, settings: try client.settings(),
            otherwise: "denied", isJSON: output.isJSON)
        try await publication.run([effect.member, ("reason", reason.map(JSONValue.string))])
    }
}
