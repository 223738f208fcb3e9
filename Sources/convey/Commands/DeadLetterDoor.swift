import ArgumentParser
import ConveyEngine
import ConveySettings
import Foundation
import Glibc
import HTTPServing
import JournalPort
import Logging
import Signals

/// Where the commands find dead letters.
struct DeadLetterDoorFlags: ParsableArguments {
    @Option(name: Settings.httpAddress.name, help: "Where the service listens. [CONVEY_HTTP_ADDRESS, http.address]")
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

    func open() throws -> any DeadLetterDoor {
        if let data { return try DeadLetterFile(directory: data) }
        let address = try SettingsOutcome.serviceAddress(
            http, configFile: config.file, instead: "; read the journal with --data DIR")
        return DeadLetterService(address: address)
    }
}

/// Lists and changes dead letters. Answers are JSON as HTTP has it; failures end the command.
protocol DeadLetterDoor {
    /// - Parameter after: a position; nil for the first page.
    func list(after: String?, limit: Int) async throws -> String
    func show(_ position: String) async throws -> String
    func move(_ move: DeadLetterShards.Move, _ positions: [String]) async throws -> String
}

/// The running service.
struct DeadLetterService: DeadLetterDoor {
    let address: HTTPAddress
    /// 1,000 letters, or one with the largest payload.
    private static let answerLimit = 64 << 20

    func list(after: String?, limit: Int) async throws -> String {
        try ask("GET", "/v1/deadletters?\(after.map { "after=\($0)&" } ?? "")limit=\(limit)")
    }

    func show(_ position: String) async throws -> String { try ask("GET", "/v1/deadletters/\(position)") }

    func move(_ move: DeadLetterShards.Move, _ positions: [String]) async throws -> String {
        // Only a position with a shard has to be a text.
        let list = positions.map { $0.contains(".") ? "\"\($0)\"" : $0 }.joined(separator: ",")
        return try ask("POST", "/v1/deadletters/\(move.rawValue)", json: Array("{\"positions\":[\(list)]}".utf8))
    }

    private func ask(_ method: String, _ path: String, json: [UInt8]? = nil) throws -> String {
        let headers = HTTPProbe.token.map { [(name: "Authorization", value: "Bearer \($0)")] } ?? []
        guard
            let answer = HTTPProbe.request(
                method, path, json: json, headers: headers, at: address, limit: Self.answerLimit)
        else {
            StandardError.print("nobody answers at http://\(address); is convey serve running? Or give --data DIR")
            throw ExitStatus.unavailable
        }
        let body = answer.body.trimmingCharacters(in: .newlines)
        switch answer.status {
        case 200: return body
        case 401, 403:
            StandardError.print("\(body)\ngive a token in \(EnvironmentSettings.httpTokenName)")
            throw ExitStatus.unavailable
        case 404:
            StandardError.print("there is no such dead letter")
            throw ExitStatus.noInput
        default:
            StandardError.print(body)
            throw ExitStatus.unavailable
        }
    }
}
