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

    /// A Convey with a model that looks something up before it answers, and the worker that does it.
    private static func withTools() throws -> (Deployment, PythonWorker, ScriptedModel) {
        let model = try ScriptedModel { request, reply in
            if request.rounds == 0 {
                try reply.say(["One ", "moment."])
                try reply.call([.init(name: "get_weather", arguments: #"{"city":"\#(request.question)"}"#)], id: "call")
            } else {
                try reply.say(["Now I know: ", request.results.joined()])
                try reply.finish()
            }
        }
        let deployment = try Deployment(model.flags + ToolBench.flags())
        let worker = try PythonWorker(
            broker: deployment.broker, log: deployment.directory.appendingPathComponent("worker.jsonl"))
        return (deployment, worker, model)
    }

    private static let weather = #"Now I know: {"city": "Oslo", "temperature": 18, "unit": "C"}"#

    @Test("send --wait shows an answer that calls a tool to its end, with a note of the tool", .timeLimit(.minutes(2)))
    func sendWithTools() async throws {
        let (deployment, worker, model) = try Self.withTools()
        try await deployment.start()
        let send = try Self.run(deployment, "send", ["chat", "Oslo", "--wait"] + deployment.brokerFlags)
        try await eventually("send --wait ends") { send.ended != nil }
        #expect(send.ended == .exited(0), "\(send.log)")
        #expect(send.output == "One moment.\n\(Self.weather)\n")
        #expect(send.log.contains("[get_weather runs]"), "\(send.log)")
        #expect(model.requests.map(\.tools) == [["get_weather"], ["get_weather"]])
        worker.kill()
    }

    @Test("chat shows answers that call tools, failed calls noted, one after the other", .timeLimit(.minutes(2)))
    func chatWithTools() async throws {
        let (deployment, worker, model) = try Self.withTools()
        try await deployment.start()
        let input = deployment.directory.appendingPathComponent("input")
        try "Oslo\nAtlantis\n".write(to: input, atomically: true, encoding: .utf8)
        let chat = try ConveyProcess(
            ["chat", "chat"] + deployment.brokerFlags, input: input.path, in: deployment.directory, name: "chat")
        try await eventually("chat ends") { chat.ended != nil }
        #expect(chat.ended == .exited(0), "\(chat.log)")
        let lines = chat.output.split(separator: "\n").map(String.init)
        #expect(lines.prefix(3) == ["One moment.", Self.weather, "One moment."])
        #expect(lines.count == 4 && lines.last?.hasPrefix("Now I know: ") == true, "\(chat.output)")
        #expect(chat.log.split(separator: "\n").count { $0.contains("[get_weather runs]") } == 2, "\(chat.log)")
        #expect(
            chat.log.contains("[the tool get_weather failed: there is no weather station in Atlantis]"), "\(chat.log)")
        #expect(model.requests.last?.results.joined().contains("no weather station") == true)
        worker.kill()
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
