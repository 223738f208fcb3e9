import ArgumentParser
import ConveySettings
import Terminal

/// `convey health`: what a container's health check calls.
struct HealthCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "health",
        abstract: "Ask a running Convey whether it is ready.",
        discussion: "Prints the body of /readyz. Exits with 0 when ready, 1 when not, 69 when there is no answer.")

    @OptionGroup(title: "Configuration")
    var config: ConfigFileFlag
    @Option(name: Settings.httpAddress.name, help: "Address of the service. [CONVEY_HTTP_ADDRESS, http.address]")
    var http: String?

    func run() async throws {
        let address = try SettingsOutcome.serviceAddress(http, configFile: config.file)
        let isEncrypted = try SettingsOutcome.speaksTLS(configFile: config.file)
        let answer =
            isEncrypted ? await HTTPSProbe.get("/readyz", at: address) : HTTPProbe.get("/readyz", at: address)
        guard let answer else {
            StandardError.print("no answer from \(isEncrypted ? "https" : "http")://\(address)")
            throw ExitStatus.unavailable
        }
        StandardOutput.print(json: answer.body.trimmingCharacters(in: .newlines).utf8)
        if answer.status != 200 { throw ExitStatus.failed }
    }
}
