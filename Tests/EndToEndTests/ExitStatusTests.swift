import TestSupport
import Testing

@Suite("Exit statuses")
struct ExitStatusTests {
    @Test("Commands end with the statuses of the README, and name what they did not find", .timeLimit(.minutes(2)))
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
}
