import ArgumentParser
import Conversation
import ConveyClient
import ConveySettings
import Dialogue
import Foundation
import JournalPort
import ServiceClient
import Terminal

/// Flags of all query commands: where to send the query, and how to print the answer.
struct QueryFlags: ParsableArguments {
    @OptionGroup
    var output: OutputFlags
    @OptionGroup(title: "Connection")
    var place: QueryPlaceFlags
    @OptionGroup(title: "Connection")
    var trust: ServiceTrustFlags
    @OptionGroup(title: "Connection")
    var broker: ClientBrokerFlags
    @OptionGroup(title: "Connection")
    var config: ConfigFileFlag

    func validate() throws {
        guard [place.http, place.data, broker.url].compactMap({ $0 }).count <= 1 else {
            throw ValidationError("give one of --http, --data and --broker")
        }
    }

    /// Sends the query, prints the answer, and exits with the matching status.
    /// - Parameter table: the answer for people.
    func run(_ question: Question, table: (ConveyClient.Page) -> [TextTable]) async throws {
        let transport = try transport()
        do {
            let page = try await ConveyClient(transport).ask(question)
            if output.isJSON {
                StandardOutput.print(json: page.bytes)
            } else {
                StandardOutput.print(table(page))
                if page.json["complete"]?.bool == false { StandardError.print("this is not all of it") }
                StandardError.printUnreadableShards((page.json["unreadable_shards"]?.array ?? []).map(\.description))
                if let next = page.next {
                    let flag = next.parameter.rawValue.replacing("_", with: "-")
                    StandardError.print("there is more: --\(flag) \(next.value)")
                }
            }
        } catch let error as ConveyClientError {
            StandardError.print(error.message)
            await (transport as? MQTTQueryTransport)?.stop()
            throw ExitStatus.of(error)
        }
        await (transport as? MQTTQueryTransport)?.stop()
    }

    private func transport() throws -> any QueryTransport {
        if let data = place.data { return JournalQueryTransport(directory: data) }
        if let http = place.http { return Self.transport(to: try service(http)) }
        let sources = SettingsOutcome.sources([broker], configFile: config.file)
        let (settings, address) = try SettingsOutcome.orExit { () throws(SettingProblems) in
            var resolver = SettingsResolver(sources)
            let settings = BrokerSettings(&resolver, clientIDDefault: nil)
            let address = resolver.value(Settings.httpAddress)
            try resolver.throwProblems()
            return (settings, address)
        }
        if broker.url == nil, address != nil {
            return Self.transport(to: try service(nil))
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
    private func service(_ given: String?) throws -> ServiceEndpoint {
        try ServiceEndpoint.find(given, caFile: trust.caFile, configFile: config.file)
    }

    private static func transport(to service: ServiceEndpoint) -> any QueryTransport {
        if service.isEncrypted { return HTTPSQueryTransport(endpoint: service, token: ServiceEndpoint.token) }
        return HTTPQueryTransport(
            host: service.address.host, port: service.address.port, token: ServiceEndpoint.token)
    }

    static let exits =
        "Exit status: 0 answered, 64 a wrong parameter, 66 no such conversation, 69 no answer, 78 a wrong setting."

    /// Parameters of a query from flags; absent ones are left out.
    static func parameters(_ given: [QueryParameter: String?]) -> [QueryParameter: String] {
        given.compactMapValues { $0 }
    }
}
