import Foundation
import TestSupport
import Testing

/// Tests with real parts that effects wait for unavailable models and tools (docs/adr/0039-patience.md).
@Suite("Patience")
struct PatienceFlowTests {
    private static func answering(port: Int) throws -> ScriptedModel {
        try ScriptedModel(port: port) { request, reply in
            try reply.say(["about \(request.question)"])
            try reply.finish()
        }
    }

    @Test(
        "Convey waits for an unavailable model, reports the wait, and continues to wait after kill -9",
        .timeLimit(.minutes(1)))
    func lateModel() async throws {
        let port = try freePort()
        let deployment = try Deployment(
            ScriptedModel.flags(port: port) + ["--effects-llm-max-attempts", "1", "--effects-llm-backoff-limit", "1s"])
        try await deployment.start()
        let listener = try await deployment.listener()
        let client = try await deployment.client()
        try await client.publishMany([.message("tea", to: "chat", id: "m")])
        let send = try ConveyProcess(
            ["send", "other", "coffee", "--wait"] + deployment.brokerFlags, in: deployment.directory, name: "send")
        let first = try await listener.first("conv.out.assistant.waiting", of: "chat")
        #expect(first.data("reason") == "transport" && first.data("unavailable", as: Bool.self) == true)
        #expect(first.data("message", as: String.self)?.contains("could not be reached") == true)
        _ = try await listener.first("conv.out.assistant.waiting", of: "chat") { $0.data("attempt", as: Int.self) == 2 }
        deployment.kill()
        try await deployment.start()
        let later = try await listener.first("conv.out.assistant.waiting", of: "chat") {
            $0.data("attempt", as: Int.self) ?? 0 >= 4
        }
        #expect(later.data("since", as: String.self) == first.data("since", as: String.self))
        let model = try Self.answering(port: port)
        let answer = try await listener.first("conv.out.assistant.completed", of: "chat")
        #expect(answer.data("content") == "about tea")
        #expect(!listener.distinct("chat").contains { $0.type.hasSuffix(".failed") })
        try await eventually("send --wait has its answer") { send.ended != nil }
        #expect(send.output.contains("about coffee"), "\(send.output)\(send.log)")
        #expect(send.log.contains("trying again in") && send.log.contains("could not be reached"), "\(send.log)")
        #expect(model.requests.count == 2)
        #expect(try await deployment.terminate() == .exited(0))
        await client.stop()
        await listener.stop()
    }

    @Test(
        "Convey waits for a server that is loading; a server that fails uses up attempts", .timeLimit(.minutes(1)))
    func loadingServer() async throws {
        let model = try ScriptedHTTPServer { _, connection in
            try connection.reply(status: 503, #"{"error":{"message":"Loading model"}}"#)
        }
        let failing = try ScriptedHTTPServer { _, connection in
            try connection.reply(status: 500, #"{"error":{"message":"out of memory"}}"#)
        }
        let flags = [
            "--effects-llm-max-attempts", "2", "--effects-llm-backoff", "10ms", "--effects-llm-unavailable-for", "2s",
        ]
        for (server, code, requests) in [(model, "unavailable" as String?, 3), (failing, nil, 2)] {
            let deployment = try Deployment(ScriptedModel.flags(port: server.port) + flags)
            try await deployment.start()
            let listener = try await deployment.listener()
            let client = try await deployment.client()
            try await client.publishMany([.message("tea", to: "chat", id: "m")])
            let failed = try await listener.first("conv.effect.llm.generation.failed", of: "chat")
            #expect(failed.data("code", as: String.self) == code)
            #expect(code == nil ? server.requests.count == requests : server.requests.count >= requests)
            await client.stop()
            await listener.stop()
        }
    }

    @Test(
        "In a chain, a provider that refuses the key is asked once while Convey waits for the other one",
        .timeLimit(.minutes(1)))
    func chain() async throws {
        let refusing = try ScriptedHTTPServer { _, connection in
            try connection.reply(status: 401, #"{"error":{"message":"no such key"}}"#)
        }
        let port = try freePort()
        let providers = """
            {"first":{"base_url":"http://127.0.0.1:\(refusing.port)/v1","model":"a"},\
            "second":{"base_url":"http://127.0.0.1:\(port)/v1","model":"b"}}
            """
        let deployment = try Deployment([
            "--llm-providers", providers, "--llm-provider", "first", "--llm-fallback", "second",
            "--effects-llm-backoff-limit", "500ms",
        ])
        try await deployment.start()
        let listener = try await deployment.listener()
        let client = try await deployment.client()
        try await client.publishMany([.message("tea", to: "chat", id: "m")])
        _ = try await listener.first("conv.out.assistant.waiting", of: "chat") { $0.data("attempt", as: Int.self) == 3 }
        let model = try Self.answering(port: port)
        let answer = try await listener.first("conv.out.assistant.completed", of: "chat")
        #expect(answer.data("content") == "about tea")
        #expect(refusing.requests.count == 1 && model.requests.count == 1)
        await client.stop()
        await listener.stop()
    }

    @Test(
        "A tool call waits for its worker across kill -9, and starts as soon as the worker announces its presence",
        .timeLimit(.minutes(1)))
    func lateWorker() async throws {
        let model = try ScriptedModel.askingForWeather()
        // The pauses are so long that only the worker's announcement can end them within the time limit of the test.
        let deployment = try Deployment(
            model.flags + ToolBench.flags(["get_weather"], #""timeout":"5s","unavailable_for":"10m","max_attempts":1"#)
                + [
                    "--effects-tool-backoff", "4m", "--effects-tool-backoff-limit", "4m",
                ])
        try await deployment.start()
        try await ToolBench.waitUntilConnected(deployment)
        let listener = try await deployment.listener()
        let client = try await deployment.client()
        try await client.publishMany([.message("the weather?", to: "chat", id: "m")])
        let waiting = try await listener.first("conv.out.tool.status", of: "chat") { $0.data("status") == "waiting" }
        #expect(waiting.data("tool_name") == "get_weather")
        #expect(waiting.data("retry_in_ms", as: Int.self) ?? 0 > 60_000)
        deployment.kill()
        try await deployment.start()
        let worker = try PythonWorker(
            broker: deployment.broker, log: deployment.directory.appendingPathComponent("worker.jsonl"))
        let answer = try await listener.first("conv.out.assistant.completed", of: "chat") {
            $0.data("finish_reason") != "tool_calls"
        }
        #expect(answer.data("content", as: String.self)?.contains("18") == true)
        #expect(!listener.distinct("chat").contains { $0.type.hasSuffix(".failed") })
        worker.kill()
        await client.stop()
        await listener.stop()
    }

    @Test("convey retry retries a failed answer, and only once", .timeLimit(.minutes(1)))
    func retry() async throws {
        let gate = Gate()
        let model = try ScriptedHTTPServer { request, connection in
            guard gate.isOpen else {
                return try connection.reply(status: 401, #"{"error":{"message":"no such key"}}"#)
            }
            let reply = ModelReply(connection)
            try reply.say(["about \(ModelRequest(request).question)"])
            try reply.finish()
        }
        let deployment = try Deployment(ScriptedModel.flags(port: model.port))
        try await deployment.start()
        let listener = try await deployment.listener()
        let client = try await deployment.client()
        try await client.publishMany([.message("tea", to: "chat", id: "m")])
        _ = try await listener.first("conv.out.assistant.failed", of: "chat")
        gate.open()
        func run(_ name: String, _ arguments: [String]) async throws -> ConveyProcess {
            let process = try ConveyProcess(arguments + deployment.brokerFlags, in: deployment.directory, name: name)
            try await eventually("\(name) ends") { process.ended != nil }
            return process
        }
        let retry = try await run("retry", ["retry", "chat"])
        #expect(retry.ended == .exited(0), "\(retry.output)\(retry.log)")
        #expect(retry.output.contains("is being retried"), "\(retry.output)")
        let answer = try await listener.first("conv.out.assistant.completed", of: "chat")
        #expect(answer.data("content") == "about tea")
        let again = try await run("again", ["retry", "chat"])
        #expect(again.ended == .exited(1) && again.log.contains("has failed"), "\(again.output)\(again.log)")
        let unknown = try await run("unknown", ["abort", "nobody"])
        #expect(unknown.ended == .exited(66), "\(unknown.output)\(unknown.log)")
        #expect(!listener.distinct("nobody").contains { _ in true })
        await client.stop()
        await listener.stop()
    }
}
