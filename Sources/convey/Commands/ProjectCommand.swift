import ArgumentParser
import Conversation
import ConveySettings
import Dialogue
import Foundation
import Logging
import MQTTTransport
import ProjectionConsumer
import ServiceClient
import Signals
import Terminal
import Threads

/// `convey project`
struct ProjectCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "project",
        abstract: "Maintain timelines in a separate SQLite database, from published events alone.",
        discussion: """
            A projection consumer as a process of its own: it knows the broker and nothing else. It has a persistent \
            session, acknowledges after its commit, drops repeats, and asks Convey for events that did not come: over the \
            query topic, or over HTTP with --http and where the broker speaks MQTT 3.1.1. Stop it, kill it and start it at \
            any time. The table timeline has one entry per row. With -o json its log is in JSON.

            Exit status: 0 stopped, 66 no such conversation (--show), 69 the database or the broker cannot be used, \
            78 a wrong setting.
            """)

    @Option(help: "The database file; created if it does not exist.")
    var database: String
    @Option(name: .customLong("subject"), help: "Only conversations whose subject starts with this text.")
    var prefix = ""
    @Option(help: "Print this conversation's timeline from the database and exit.", transform: SubjectArgument.parse)
    var show: SubjectArgument?
    @Option(
        name: .customLong("http"),
        help:
            "Ask the service at this address for what did not come. Default with MQTT 3.1.1: the setting http.address.")
    var http: String?
    @OptionGroup
    var output: OutputFlags
    @OptionGroup
    var trust: ServiceTrustFlags
    @OptionGroup
    var client: ClientFlags

    func run() async throws {
        if let show { return try printTimeline(show.subject) }
        let settings = try client.settings()
        let service = try http == nil && settings.version == .v5 ? nil : self.service()
        StandardErrorLogHandler.bootstrap(level: .info, format: output.isJSON ? .json : .text)
        // The loop blocks, so not on a thread of Swift's pool: answers over HTTP come there.
        let result: Result<Void, any Error> = await withCheckedContinuation { continuation in
            do throws(ThreadError) {
                try DedicatedThread.detach(name: "convey-project") {
                    continuation.resume(returning: Result { try follow(settings, service) })
                }
            } catch {
                continuation.resume(returning: .failure(error))
            }
        }
        try result.get()
    }

    private func openStore() throws -> ProjectionStore {
        do {
            return try ProjectionStore(
                path: database, newClientID: "convey-project-\(OutgoingSignal.newID().prefix(13))")
        } catch {
            StandardError.print(ErrorWords.text(error))
            throw ExitStatus.unavailable
        }
    }

    private func follow(_ settings: BrokerSettings, _ service: ProjectLoop.Service?) throws {
        let store = try openStore()
        let loop = try ProjectLoop(
            ProjectLoop.Settings(
                broker: settings.address, version: settings.version, root: settings.root,
                clientID: settings.clientID ?? store.clientID, prefix: prefix, service: service),
            logger: Logger(label: "project"))
        let signals = SignalWatch([SIGINT, SIGTERM]) { _ in loop.stop() }
        defer { withExtendedLifetime(signals) {} }
        do {
            try loop.run(store)
        } catch {
            StandardError.print(ErrorWords.text(error))
            throw ExitStatus.unavailable
        }
    }

    /// Asks the service over HTTP.
    private func service() throws -> ProjectLoop.Service {
        let endpoint = try ServiceEndpoint.find(http, caFile: trust.caFile, configFile: client.config.file)
        let headers = ServiceEndpoint.credentials
        return { path, completion in
            // Ends with the answer.
            Task {
                let result = await HTTPSProbe.request(
                    "GET", path, headers: headers, at: endpoint, limit: Self.answerLimit)
                completion(
                    result.map { Array($0.body.utf8) }.mapError {
                        ProjectLoop.ServiceFailure("\(endpoint) \($0.message)")
                    })
            }
        }
    }

    /// Far beyond what a page of events may have.
    private static let answerLimit = 64 << 20

    /// Makes no database: one that a consumer is about to make must not meet another.
    private func printTimeline(_ subject: String) throws {
        let entries = FileManager.default.fileExists(atPath: database) ? try openStore().timeline(subject) : []
        if entries.isEmpty {
            StandardError.print("there is no conversation \(subject) in \(database)")
            throw ExitStatus.noInput
        }
        if output.isJSON {
            for entry in entries { StandardOutput.print(json: entry) }
        } else {
            StandardOutput.print([AnswerTable.projectedTimeline(entries.compactMap { try? JSONValue($0) })])
        }
    }
}
