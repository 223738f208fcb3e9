import ArgumentParser
import Conversation
import ConveySettings
import Dialogue
import Foundation
import Logging
import MQTTTransport
import ProjectionConsumer
import Terminal

/// `convey project`
struct ProjectCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "project",
        abstract: "Maintain timelines in a separate SQLite database, from published events alone.",
        discussion: """
            A projection consumer as a process of its own: it knows the broker and nothing else. It has a persistent \
            session, acknowledges after its commit, drops repeats, and asks Convey over the query topic for events that \
            did not come. Stop it, kill it and start it at any time. The table timeline has an entry a row.

            Exit status: 0 stopped, 66 no such conversation (--show), 69 the database or the broker cannot be used, \
            78 a wrong setting.
            """)

    @Option(help: "The database file; created if it does not exist.")
    var database: String
    @Option(name: .customLong("subject"), help: "Only conversations whose subject starts with this text.")
    var prefix = ""
    @Option(help: "Print this conversation's timeline from the database, one JSON entry per line, and exit.")
    var show: SubjectArgument?
    @OptionGroup
    var client: ClientFlags

    func run() async throws {
        let store: ProjectionStore
        do {
            store = try ProjectionStore(
                path: database, newClientID: "convey-project-\(OutgoingSignal.newID().prefix(13))")
        } catch {
            StandardError.print(ErrorWords.text(error))
            throw ExitStatus.unavailable
        }
        if let show { return try printTimeline(show.subject, store) }
        let settings = try client.settings()
        StandardErrorLogHandler.bootstrap(level: .info, format: .text)
        let loop = try ProjectLoop(
            ProjectLoop.Settings(
                broker: settings.address, version: settings.version, root: settings.root,
                clientID: settings.clientID ?? store.clientID, prefix: prefix),
            logger: Logger(label: "project"))
        let signals = SignalWatch([SIGINT, SIGTERM]) { _ in loop.stop() }
        defer { withExtendedLifetime(signals) {} }
        do {
            // The loop blocks; nothing else runs in this process.
            try loop.run(store)
        } catch {
            StandardError.print(ErrorWords.text(error))
            throw ExitStatus.unavailable
        }
    }

    private func printTimeline(_ subject: String, _ store: ProjectionStore) throws {
        let entries = try store.timeline(subject)
        if entries.isEmpty {
            StandardError.print("there is no conversation \(subject) in \(database)")
            throw ExitStatus.noInput
        }
        for entry in entries { StandardOutput.print(json: entry) }
    }
}
