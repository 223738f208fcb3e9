import Foundation
import Glibc
import TestSupport
import Testing

@Suite("Commands")
struct CommandTests {
    private static func run(_ deployment: Deployment, _ name: String, _ arguments: [String]) throws -> ConveyProcess {
        try ConveyProcess([name] + arguments, in: deployment.directory, name: name)
    }

    @Test("send --wait prints the answer; the same id again is recorded once", .timeLimit(.minutes(1)))
    func send() async throws {
        let deployment = try Deployment(["--llm-echo-delay", "1ms"])
        try await deployment.start()
        let arguments = ["chat", "hello to you", "--id", "m1"] + deployment.brokerFlags
        let waiting = try Self.run(deployment, "send", arguments + ["--wait"])
        try await eventually("send --wait ends") { waiting.ended != nil }
        #expect(waiting.ended == .exited(0), "\(waiting.log)")
        #expect(waiting.output == "hello to you\n")

        let again = try Self.run(deployment, "send", arguments)
        try await eventually("send ends") { again.ended != nil }
        #expect(again.ended == .exited(0), "\(again.log)")
        #expect(again.output.hasPrefix("m1 was recorded before"))
        #expect(
            try JournalFile(deployment.journal).number("SELECT count(*) FROM journal WHERE type LIKE 'conv.in.%'") == 1)
    }

    @Test("tail --json prints an envelope a line until it is interrupted", .timeLimit(.minutes(1)))
    func tail() async throws {
        let deployment = try Deployment(["--llm-echo-delay", "1ms"])
        try await deployment.start()
        let tail = try Self.run(deployment, "tail", ["chat", "--json", "--family", "out"] + deployment.brokerFlags)
        try await eventually("tail has subscribed") { deployment.broker.log.contains("conv/out/chat/#") }
        let send = try Self.run(deployment, "send", ["chat", "one two", "--wait"] + deployment.brokerFlags)
        try await eventually("tail shows the answer") { tail.output.contains("conv.out.assistant.completed") }
        try await eventually("send ends") { send.ended != nil }
        tail.send(signal: SIGINT)
        try await eventually("tail ends") { tail.ended != nil }
        let types = try tail.output.split(separator: "\n").map { line in
            let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
            return object?["type"] as? String ?? "none"
        }
        #expect(
            types == ["conv.out.assistant.delta", "conv.out.assistant.delta", "conv.out.assistant.completed"])
    }

    @Test("health exits with 0 when ready, 1 without a broker, 69 when nobody answers", .timeLimit(.minutes(1)))
    func health() async throws {
        let deployment = try Deployment()
        try await deployment.start()
        func health() async throws -> (ConveyProcess, ProcessEnd?) {
            let process = try Self.run(deployment, "health", ["--http", "127.0.0.1:\(deployment.httpPort)"])
            try await eventually("health ends") { process.ended != nil }
            return (process, process.ended)
        }
        let ready = try await health()
        #expect(ready.1 == .exited(0))
        #expect(ready.0.output.contains(#""ready":true"#))
        deployment.broker.kill()
        try await eventually("not ready") { !deployment.isReady }
        let red = try await health()
        #expect(red.1 == .exited(1))
        #expect(red.0.output.contains("broker"))
        deployment.kill()
        #expect(try await health().1 == .exited(69))
    }
}
