import Foundation
import MQTTTransport
import TestSupport
import Testing

/// Tests against an independent mock of OpenAI's interface: they show mistakes that Convey and its own scripted model
/// have in common.
@Suite("An independent provider")
struct IndependentProviderTests {
    /// The three lines of a configuration file that define a provider.
    private static func configured(_ provider: LLMockProcess, _ more: String = "") throws -> [String] {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        let key = directory.appendingPathComponent("key")
        try "sk-anything\n".write(to: key, atomically: true, encoding: .utf8)
        let file = directory.appendingPathComponent("convey.yaml")
        let text = """
            llm:
              base_url: \(provider.baseURL)
              model: gpt-4o-mini
              api_key_file: \(key.path)
            \(more)
            """
        try text.write(to: file, atomically: true, encoding: .utf8)
        return ["--config", file.path]
    }

    @Test("Three lines of configuration, and an answer streams", .timeLimit(.minutes(2)))
    func streams() async throws {
        let provider = try LLMockProcess(["--stream-chunk-delay-ms", "20", "--response-style", "echo"])
        let deployment = try Deployment(Self.configured(provider))
        try await deployment.start()
        let listener = try await deployment.listener()
        let client = try await deployment.client()
        let question = "tell me in quite a few words what it is that you are good for"
        try await client.publishMany([.message(question, to: "chat", id: "m1")])
        let answer = try await listener.first("conv.out.assistant.completed", of: "chat")
        let content: String = try #require(answer.data("content"))
        #expect(content.contains(question))
        #expect(answer.data("finish_reason") == "stop")
        #expect(answer.data("model") == "gpt-4o-mini")
        #expect(answer.data("usage", as: [String: Any].self)?["total_tokens"] != nil)
        let deltas = listener.distinct("chat").filter { $0.type == "conv.out.assistant.delta" }
        #expect(deltas.count > 1)
        #expect(deltas.compactMap { $0.data("delta") }.joined() == content)
        #expect(try provider.statuses() == [200])
        await client.stop()
        await listener.stop()
    }

    @Test("A tool that it calls runs, and it answers with the result", .timeLimit(.minutes(2)))
    func callsTools() async throws {
        let provider = try LLMockProcess(["--stream-chunk-delay-ms", "5"])
        let deployment = try Deployment(
            Self.configured(
                provider,
                """
                tools:
                  get_weather:
                    description: The weather in a city
                    parameters:
                      properties: {city: {type: string}}
                      required: [city]
                """))
        let worker = try PythonWorker(
            broker: deployment.broker, log: deployment.directory.appendingPathComponent("worker.jsonl"))
        try await deployment.start()
        let listener = try await deployment.listener(Listener.everything + ["conv/tool/#"])
        let client = try await deployment.client()
        try await client.publishMany([.message("what is the weather in Oslo?", to: "chat", id: "m1")])
        let done = try await listener.first("conv.effect.tool.execution.completed", of: "chat")
        #expect(done.data("content", as: String.self)?.contains("18") == true)
        let answer = try await listener.first("conv.out.assistant.completed", of: "chat") {
            $0.data("finish_reason") != "tool_calls"
        }
        #expect(answer.data("content", as: String.self)?.isEmpty == false)
        #expect(answer.data("metadata", as: [String: Any].self)?["answers"] as? String == "m1")
        #expect(listener.calls.count == 1)
        #expect(try provider.statuses() == [200, 200])
        worker.kill()
        await client.stop()
        await listener.stop()
    }

    @Test(
        "After its faults comes another attempt, and the answer is complete",
        .timeLimit(.minutes(2)),
        arguments: [
            #"{"type":"fail","status":503}"#, #"{"type":"fail","status":429,"retry_after":1}"#,
            #"{"type":"stream_fault","kind":"disconnect","after_chunks":2}"#,
            #"{"type":"stream_fault","kind":"truncate","after_chunks":2}"#,
            #"{"type":"stream_fault","kind":"malformed","after_chunks":2}"#,
        ])
    func retries(fault: String) async throws {
        let provider = try LLMockProcess(["--stream-chunk-delay-ms", "5", "--response-style", "echo"])
        let deployment = try Deployment(Self.configured(provider) + ["--effects-llm-backoff", "100ms"])
        try await deployment.start()
        let listener = try await deployment.listener()
        let client = try await deployment.client()
        try provider.plan(fault)
        try await client.publishMany([.message("say this once more please", to: "chat", id: "m1")])
        let answer = try await listener.first("conv.out.assistant.completed", of: "chat")
        #expect(answer.data("content", as: String.self)?.contains("say this once more please") == true)
        #expect(answer.data("attempt", as: Int.self) == 2)
        #expect(try provider.statuses().count == 2)
        for answer in Assembly.answers(listener.events) { #expect(answer.shown == answer.content) }
        // It judges its clients: whether they retried as often and as late as told.
        #expect(!provider.verdict.contains("FAIL"), "\(provider.verdict)")
        let journal = try JournalFile(deployment.journal)
        try await eventually("at rest") { try JournalAudit.isAtRest(journal) }
        #expect(try EffectAudit.findings(journal) == [])
        await client.stop()
        await listener.stop()
    }
}
