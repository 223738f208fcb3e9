import ArgumentParser
import Conversation
import ConveyClient
import ConveySettings
import Foundation
import JournalPort
import Terminal

/// Flags of all query commands: where to send the query, and how to print the answer.
struct QueryFlags: ParsableArguments {
    @Option(
        name: .customLong("http"), help: "Ask the service at this HTTP address. Default: the setting http.address.")
    var http: String?
    @Option(help: "Read the journal in this directory instead of asking a service; a running service is not disturbed.")
    var data: String?
    @Flag(help: "Print the answer as one line of JSON, the same at every endpoint.")
    var json = false
    @OptionGroup(title: "Configuration")
    var config: ConfigFileFlag
    @OptionGroup(title: "Broker (with --broker, ask over MQTT)")
    var broker: BrokerFlags

    func validate() throws {
        guard [http, data, broker.url].compactMap({ $0 }).count <= 1 else {
            throw ValidationError("give one of --http, --data and --broker")
        }
    }

    /// Sends the query, prints the answer, and exits with the matching status.
    /// - Parameter table: the answer for people, as lines.
    func run(_ question: Question, table: (ConveyClient.Page) -> [String]) async throws {
        let transport = try transport()
        do {
            let page = try await ConveyClient(transport).ask(question)
            if json {
                StandardOutput.print(json: page.bytes)
            } else {
                for line in table(page) { StandardOutput.print(line) }
                StandardError.printUnreadableShards((page.json["unreadable_shards"]?.array ?? []).map(\.description))
                if let next = page.next {
                    let flag = next.parameter.rawValue.replacing("_", with: "-")
                    StandardError.print("there is more: --\(flag) \(next.value)")
                }
            }
        } catch let error as ConveyClientError {
            StandardError.print(error.message)
            await (transport as? MQTTQueryTransport)?.stop()
            throw error.code == .refused ? ExitStatus.failed : ExitStatus.unavailable
        }
        await (transport as? MQTTQueryTransport)?.stop()
    }

    private func transport() throws -> any QueryTransport {
        if let data { return JournalQueryTransport(directory: data) }
        if let http {
            do { return try HTTPQueryTransport(http, token: HTTPProbe.token) } catch {
                StandardError.print("--http: \(error.message)")
                throw ExitStatus.badSettings
            }
        }
        let sources = SettingsOutcome.sources([broker], configFile: config.file)
        let (settings, address) = try SettingsOutcome.orExit { () throws(SettingProblems) in
            var resolver = SettingsResolver(sources)
            let settings = BrokerSettings(&resolver, clientIDDefault: nil)
            let address = resolver.value(Settings.httpAddress)
            try resolver.throwProblems()
            return (settings, address)
        }
        if broker.url == nil, let address {
            return HTTPQueryTransport(host: address.host, port: address.port, token: HTTPProbe.token)
        }
        guard settings.version == .v5 else {
            StandardError.print("queries over MQTT need mqtt.version 5; ask with --http or --data")
            throw ExitStatus.badSettings
        }
        return try MQTTQueryTransport(
            broker: settings.address, clientID: settings.clientID ?? "convey-cli-\(OutgoingSignal.newID().prefix(13))",
            root: settings.root)
    }
}

extension QueryFlags {
    static let exits =
        "Exit status: 0 answered, 1 refused (no such conversation), 69 no answer, 78 a wrong setting."

    /// Parameters of a question from flags; those not given are left out.
    static func parameters(_ given: [QueryParameter: String?]) -> [QueryParameter: String] {
        given.compactMapValues { $0 }
    }
}
