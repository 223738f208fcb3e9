import ArgumentParser
import ConveyHTTP
import Foundation

/// `convey health`: what a container's health check calls.
struct HealthCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "health",
        abstract: "Ask a running Convey whether it is ready.",
        discussion: "Prints the body of /readyz. Exits with 0 when ready, 1 when not, 69 when nobody answers.")

    @OptionGroup(title: "Configuration")
    var config: ConfigFileFlag
    @Option(name: Settings.httpAddress.name, help: "Where it is served. [CONVEY_HTTP_ADDRESS, http.address]")
    var http: String?

    func run() throws {
        let given = http.map { [Settings.httpAddress.key: $0] } ?? [:]
        let sources = SettingSources(
            flags: given, configFile: config.file, environment: ProcessInfo.processInfo.environment)
        let address = try SettingsOutcome.orExit { () throws(SettingProblems) in
            var resolver = SettingsResolver(sources)
            let address = resolver.value(Settings.httpAddress)
            try resolver.throwProblems()
            return address
        }
        guard let address else {
            StandardError.print("http.address is off: there is nobody to ask")
            throw ExitStatus.badSettings
        }
        guard let answer = HTTPProbe.get("/readyz", at: address) else {
            StandardError.print("nobody answers at http://\(address)")
            throw ExitStatus.unavailable
        }
        print(answer.body, terminator: answer.body.hasSuffix("\n") ? "" : "\n")
        if answer.status != 200 { throw ExitStatus.failed }
    }
}
