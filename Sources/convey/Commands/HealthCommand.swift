import ArgumentParser
import ConveySettings
import Dialogue
import Foundation
import ServiceClient
import Terminal

/// `convey health`: for a container's health check.
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
    @OptionGroup(title: "Connection")
    var trust: ServiceTrustFlags

    func run() async throws {
        let service = try ServiceEndpoint.find(place.http, caFile: trust.caFile, configFile: config.file)
        let answer: HTTPProbe.Answer
        switch await service.request("GET", "/readyz", seconds: HTTPProbe.timeoutSeconds) {
        case .success(let found): answer = found
        case .failure(let failure):
            StandardError.print("\(service) \(failure.message)")
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
