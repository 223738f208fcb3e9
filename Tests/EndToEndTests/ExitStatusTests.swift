import Foundation
import TestSupport
import Testing

@Suite("Exit statuses")
struct ExitStatusTests {
    @Test("Commands end with the statuses of the README, and name the missing item", .timeLimit(.minutes(2)))
    func statuses() async throws {
        let deployment = try Deployment()
        try await deployment.start()
        let http = ["--http", "127.0.0.1:\(deployment.httpPort)"]
        let nowhere = ["--http", "127.0.0.1:1"]
        let seed = try ConveyProcess(
            ["send", "chat", "hi", "--wait"] + deployment.brokerFlags, in: deployment.directory, name: "seed")
        try await eventually("send ends") { seed.ended != nil }
        let cases: [(arguments: [String], status: Int32, words: String)] = [
            (["timeline", "nope"] + http, 66, "there is no conversation nope"),
            (["context", "nope"] + deployment.brokerFlags, 66, "there is no conversation nope"),
            (["events", "nope", "--data", deployment.dataDirectory], 66, "there is no conversation nope"),
            (["state", "nope"] + http, 66, "there is no conversation nope"),
            (["trace", "chat", "nix"] + http, 66, "nix"),
            (["fork", "nope", "copy", "--at", "1"] + deployment.brokerFlags, 66, "there is no conversation nope"),
            (["deadletters", "show", "9"] + http, 66, "dead letter"),
            (["verify", "nope", "--data", deployment.dataDirectory], 66, "there is no conversation nope"),
            (["timeline", "chat", "--limit", "9999"] + http, 64, "limit must be 1 to 500"),
            (["send", "chat", ""] + deployment.brokerFlags, 64, "the message is empty"),
            (["timelin", "chat"], 64, "did you mean timeline?"),
            (["timeline", "chat"] + nowhere, 69, "127.0.0.1:1"),
            (["deadletters"] + nowhere, 69, "127.0.0.1:1"), (["health"] + nowhere, 69, "127.0.0.1:1"),
            (["send", "chat", "hi", "--broker", "mqtt://127.0.0.1:1"], 69, "127.0.0.1:1"),
            (["tail", "--broker", "ftp://x"], 78, "broker.url"),
            (["conversations", "nope"] + http, 0, "no conversations"), (["effects"] + http, 0, "no effects under way"),
            (["deadletters"] + http, 0, "no dead letters"),
            (["events", "chat", "--type", "x"] + http, 0, "no such events"),
            (["deadletters", "redrive", "--all"] + http, 0, "no dead letters"),
        ]
        for (index, test) in cases.enumerated() {
            let process = try ConveyProcess(test.arguments, in: deployment.directory, name: "case-\(index)")
            try await eventually("\(test.arguments) ends") { process.ended != nil }
            #expect(process.ended == .exited(test.status), "\(test.arguments): \(process.log)")
            #expect(process.log.contains(test.words), "\(test.arguments): \(process.log)")
            #expect(process.output.isEmpty, "\(test.arguments): \(process.output)")
        }
    }

    @Test("Without a token, every command that asks over HTTP names the variable to set", .timeLimit(.minutes(1)))
    func tokens() async throws {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent("tokens-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: directory) }  // Only temporary files would remain.
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        let tokens = directory.appendingPathComponent("tokens").path
        let maker = try ConveyProcess(
            ["token", "ann", "--scope", "write", "--file", tokens], in: directory, name: "token")
        try await eventually("token ends") { maker.ended != nil }
        let deployment = try Deployment(["--http-tokens-file", tokens])
        try await deployment.start()
        let http = ["--http", "127.0.0.1:\(deployment.httpPort)"]
        let token = maker.output.trimmingCharacters(in: .whitespacesAndNewlines)
        for (arguments, environment, words) in [
            (["timeline", "chat"], [:], "the service requires a valid token: set CONVEY_HTTP_TOKEN"),
            (["deadletters"], [:], "the service requires a valid token: set CONVEY_HTTP_TOKEN"),
            (
                ["deadletters", "redrive", "1"], ["CONVEY_HTTP_TOKEN": token],
                "scope admin, not write: set CONVEY_HTTP_TOKEN"
            ),
        ] as [([String], [String: String], String)] {
            let process = try ConveyProcess(
                arguments + http, environment: environment, in: deployment.directory, name: arguments.joined())
            try await eventually("\(arguments) ends") { process.ended != nil }
            #expect(process.ended == .exited(69))
            #expect(process.log.contains(words), "\(process.log)")
            #expect(process.log.split(separator: "\n").count == 1 && !process.log.contains("{"), "\(process.log)")
        }
    }

    @Test("A service that cannot continue says why in one critical line", .timeLimit(.minutes(1)))
    func oneFatalLine() async throws {
        let deployment = try Deployment()
        try await deployment.start()
        let second = try ConveyProcess(
            ["serve", "--data", deployment.dataDirectory, "--http", "off"] + deployment.brokerFlags,
            in: deployment.directory, name: "second")
        try await eventually("the second one ends") { second.ended != nil }
        #expect(second.ended == .exited(1))
        let critical = second.log.split(separator: "\n").filter { $0.contains(" critical ") }
        #expect(critical.count == 1 && critical[0].contains("is in use by another Convey"), "\(second.log)")
        #expect(!second.log.contains("in_use"))
    }
}
