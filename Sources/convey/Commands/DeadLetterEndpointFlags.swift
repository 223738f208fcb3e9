import ArgumentParser
import ConveySettings
import Foundation
import Glibc

/// Where the commands read dead letters: a service or a data directory.
struct DeadLetterEndpointFlags: ParsableArguments {
    @Option(name: Settings.httpAddress.name, help: "Address of the service. [CONVEY_HTTP_ADDRESS, http.address]")
    var http: String?
    @Option(name: Settings.dataDirectory.name, help: "Read this data directory instead of asking a service.")
    var data: String?
    @Flag(help: "Print the answer as JSON.")
    var json = false
    @OptionGroup(title: "Configuration")
    var config: ConfigFileFlag

    func validate() throws {
        if http != nil, data != nil { throw ValidationError("give --http or --data, not both") }
    }

    func open() throws -> any DeadLetterEndpoint {
        if let data { return try DeadLetterFile(directory: data) }
        let address = try SettingsOutcome.serviceAddress(
            http, configFile: config.file, instead: "; read the journal with --data DIR")
        return DeadLetterService(address: address)
    }
}
