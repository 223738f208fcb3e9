import ArgumentParser
import Signals

/// The flags of commands that publish one signal: where to, and how to print what follows.
struct SignalFlags: ParsableArguments {
    @OptionGroup
    var output: OutputFlags
    @OptionGroup
    var client: ClientFlags

    /// Publishes the signal and prints what follows from it.
    /// - Parameters:
    ///   - data: members of the signal's data; those without a value are left out.
    ///   - needsConversation: whether the signal means nothing to a conversation that does not exist, and would only begin it.
    ///   - otherwise: what to say when nothing follows.
    func publish(
        _ type: String, to subject: SubjectArgument, _ data: [(String, JSONValue?)] = [],
        needsConversation: Bool = false, otherwise: String
    ) async throws {
        let publication = SignalPublication(
            type: type, subject: subject.subject, settings: try client.settings(), otherwise: otherwise,
            isJSON: output.isJSON)
        if needsConversation { try await publication.requireConversation() }
        try await publication.run(data)
    }
}
