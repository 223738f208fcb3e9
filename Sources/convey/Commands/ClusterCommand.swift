import ArgumentParser
import ConveySettings
import Dialogue
import Foundation
import ServiceClient
import Terminal

/// `convey cluster`: lists the nodes, and the owner of each shard.
struct ClusterCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cluster",
        abstract: "Show the nodes that share a journal, and its shards with their owners.",
        discussion: "Any node can answer. Exit status: 0 an answer, 69 no answer, 78 a wrong setting.")

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
        switch await service.request("GET", "/v1/cluster", seconds: HTTPProbe.timeoutSeconds) {
        case .success(let found): answer = found
        case .failure(let failure):
            StandardError.print("\(service) \(failure.message)")
            throw ExitStatus.unavailable
        }
        let body = Array(answer.body.trimmingCharacters(in: .newlines).utf8)
        guard answer.status == 200 else {
            StandardError.print("\(service) answers \(answer.status): \(String(decoding: body, as: UTF8.self))")
            throw ExitStatus.unavailable
        }
        output.isJSON ? StandardOutput.print(json: body) : StandardOutput.print(ClusterTable.make(body))
    }
}
