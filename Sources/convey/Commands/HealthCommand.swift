import ArgumentParser
import ConveySettings
import Dialogue
import Foundation
import Terminal

/// `convey health`: what a container's health check calls.
struct HealthCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "health",
        abstract: "Ask a running Convey whether it is ready.",
        discussion: "Prints what /readyz answers. Exit status: 0 ready, 1 not ready, 69 no answer, 78 a wrong setting.")

    @OptionGroup
    var output: OutputFlags
    @OptionGroup(title: "Connection")
    var place: ServiceAddressFlag
    @OptionGroup(title: "Connection")
    var config: ConfigFileFlag

    func run() async throws {
        let address = try SettingsOutcome.serviceAddress(place.http, configFile: config.file)
        let isEncrypted = try SettingsOutcome.speaksTLS(configFile: config.file)
        let answer =
            isEncrypted ? await HTTPSProbe.get("/readyz", at: address) : HTTPProbe.get("/readyz", at: address)
        guard let answer else {
            StandardError.print(
                "no answer from \(isEncrypted ? "https" : "http")://\(address): is `convey serve` running there?")
            throw ExitStatus.unavailable
        }
        let body = Array(answer.body.trimmingCharacters(in: .newlines).utf8)
        if output.isJSON {
            StandardOutput.print(json: body)
        } else {
            StandardOutput.print(HealthTable.make(body))
        }
        if answer.status != 200 { throw ExitStatus.failed }
    }
}
