import ChatCompletions
import Conversation
import ConveyEngine
import EffectPort
import InMemoryLogging
import JournalPort
import JournalReading
import JournalSupport
import Logging
import Observability
import Signals
import TestSupport
import Testing

@testable import EffectHandlers

/// Must not appear in any line: a key, and text of a conversation.
private let (testKey, testText) = ("sk-test-91c2e7", "my diary of 1987")

@Suite(.timeLimit(.minutes(1))) struct FailureLogTests {
    private let log = InMemoryLogHandler()
    private var logger: Logger { Logger(label: "test") { [log] _ in log } }

    // MARK: Models

    @Test(arguments: [
        (401, "auth", "Check the API key and its permissions"), (404, "config", "Check the base URL"),
        (429, "provider", "It limits the rate of requests"), (500, "provider", "answered 500"),
    ])
    func `A model's failure is one line with provider, category, status, attempt and effect`(
        status: Int, category: String, reason: String
    ) async throws {
        let server = try ScriptedHTTPServer { _, connection in
            try connection.reply(status: status, #"{"error":{"message":"\#(testKey) said: \#(testText)"}}"#)
        }
        let counts = try await ask([try provider(server.port)], attempt: 2)
        #expect(log.entries.count == 1)
        let entry = try #require(log.entries.first)
        #expect(entry.level == .warning)
        #expect(entry.message == "a model failed")
        #expect(
            text(entry, without: "reason") == [
                "attempt": "2", "category": category, "effect": "llm-1", "provider": "first", "status": "\(status)",
                "subject": "chat-1",
            ])
        #expect(text(entry)["reason"]?.contains(reason) == true, "\(entry)")
        #expect(!"\(entry)".contains(testKey) && !"\(entry)".contains(testText))
        #expect(counts.first?.failures[category] == 1)
        #expect(counts.first?.generation.count == 0)
    }

    @Test func `An unreachable server and a broken stream are lines without a status`() async throws {
        _ = try await ask([try provider(freePort())])
        let cut = try ScriptedHTTPServer { _, connection in
            try connection.beginStream()
            try connection.events([chunk(#"{"content":"partly"}"#)])
            connection.close()
        }
        _ = try await ask([try provider(cut.port)])
        #expect(log.entries.map { text($0)["category"] } == ["transport", "transport"])
        #expect(log.entries.map { text($0)["status"] } == [nil, nil])
        #expect(text(log.entries[0])["reason"]?.contains("connection refused") == true)
        #expect(text(log.entries[1])["reason"]?.contains("closed the connection") == true)
    }

    @Test func `A fallback has its own line, and counts for the provider that failed`() async throws {
        let broken = try ScriptedHTTPServer { _, connection in try connection.reply(status: 503, "{}") }
        let server = try answering()
        let counts = try await ask([try provider(broken.port), try provider(server.port, "second")])
        #expect(log.entries.map(\.message) == ["a model failed", "the next model provider is asked"])
        #expect(
            text(try #require(log.entries.last)) == [
                "attempt": "1", "effect": "llm-1", "next": "second", "provider": "first", "subject": "chat-1",
            ])
        let first = try #require(counts.first { $0.provider == "first" })
        let second = try #require(counts.first { $0.provider == "second" })
        #expect((first.fallbacks, first.failures["provider"], first.generation.count) == (1, 1, 0))
        #expect((second.fallbacks, second.failures.values.reduce(0, +), second.generation.count) == (0, 0, 1))
    }

    @Test func `A complete reply counts its tokens, first token and duration, and is not logged`() async throws {
        let server = try answering()
        let counts = try await ask([try provider(server.port)])
        let first = try #require(counts.first)
        #expect((first.inputTokens, first.outputTokens) == (3, 2))
        #expect((first.firstToken.count, first.generation.count) == (1, 1))
        #expect(first.generation.sum >= first.firstToken.sum)
        #expect(log.entries.isEmpty)
    }

    @Test func `An attempt that asks no provider is logged, and unknown names make no time series`() async throws {
        for name in ["nobody", "nowhere"] {
            let counts = try await ask(
                [try provider(freePort())], configuration: #"{"llm":{"provider":"\#(name)"}}"#)
            #expect(counts.map(\.provider).sorted() == ["first", "other"])
        }
        #expect(log.entries.map { text($0)["provider"] } == ["other", "other"])
        #expect(log.entries.map { text($0)["category"] } == ["config", "config"])
    }

    @Test func `A provider has ten lines a minute, and each failure is counted`() throws {
        let clock = Ticks()
        let reporter = ModelReporter(providers: ["first", "second"], logger: logger, now: { clock.now })
        func fail(_ name: String) {
            reporter.report(notAsked: name, EffectFailure(.config, "wrong"), of: effect(attempt: 1))
        }
        for _ in 0..<25 { fail("first") }
        fail("second")
        #expect(log.entries.map { text($0)["provider"] } == Array(repeating: "first", count: 10) + ["second"])
        clock.advance(60_000_000)
        fail("first")
        #expect(log.entries.count == 12)
        #expect(reporter.counts.first { $0.provider == "first" }?.failures["config"] == 26)
    }

    @Test func `A cancelled answer is not a failure`() async throws {
        let started = Gate()
        let server = try ScriptedHTTPServer { _, connection in
            try connection.beginStream()
            try connection.events([chunk(#"{"content":"partly"}"#)])
            try connection.stall()
        }
        let handler = try handler([provider(server.port)])
        let attempt = attempt(1)
        let task = Task { try await handler.run(attempt) { _ in started.open() } }
        try await eventually("the first piece") { started.isOpen }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        await handler.shutDown()
        #expect(log.entries.isEmpty)
        #expect(handler.counts.first?.failures.values.reduce(0, +) == 0)
    }

    // MARK: Tools

    @Test func `A tool's failure is one line with the status and without the server's words`() async throws {
        let server = try ScriptedHTTPServer { _, connection in
            try connection.reply(status: 502, #"{"error":"\#(testText)"}"#)
        }
        let declaration =
            #"{"look":{"transport":"http","url":"http://127.0.0.1:\#(server.port)/look?key=\#(testKey)"}}"#
        let counts = try await withTools(declaration, logger: logger) { handler in
            let failure = try await failedRun(handler, EffectHandlersTests.attempt("look", "{}", number: 3))
            #expect(failure.message.contains(testText))
            return handler.counts
        }
        #expect(log.entries.count == 1)
        let entry = try #require(log.entries.first)
        #expect(entry.level == .warning)
        #expect(entry.message == "a tool failed")
        #expect(
            text(entry) == [
                "attempt": "3", "category": "provider", "effect": "tool-1/ä", "status": "502", "subject": "chat-42",
                "reason": "the tool look (http://127.0.0.1:\(server.port)/look) answered 502", "tool": "look",
            ])
        #expect(counts.first?.failures["provider"] == 1)
        #expect((counts.first?.completed, counts.first?.failed) == (0, 1))
    }

    @Test(arguments: [
        (testText, "{}", "other", "a model called a tool that is not configured"),
        ("get_weather", testText, "get_weather", "the arguments of get_weather are not one JSON object"),
        (
            "get_weather", #"{"city":["\#(testText)"]}"#, "get_weather",
            "the arguments of get_weather do not match its schema"
        ),
    ])
    func `A wrong call is logged without the model's text`(
        name: String, arguments: String, tool: String, reason: String
    ) async throws {
        let counts = try await withTools(logger: logger) { handler in
            _ = try await failedRun(handler, EffectHandlersTests.attempt(name, arguments))
            return handler.counts
        }
        let entry = try #require(log.entries.first { $0.message == "a tool failed" })
        #expect(text(entry)["tool"] == tool)
        #expect(text(entry)["reason"] == reason)
        #expect(!"\(entry)".contains(testText))
        #expect(counts.first { $0.tool == tool }?.failures["config"] == 1)
    }

    @Test func `A tool that answers is counted and not logged`() async throws {
        let server = try ScriptedHTTPServer { _, connection in try connection.reply("{}") }
        let declaration = #"{"look":{"transport":"http","url":"http://127.0.0.1:\#(server.port)/look"}}"#
        let counts = try await withTools(declaration, logger: logger) { handler in
            _ = try await handler.run(EffectHandlersTests.attempt("look", "{}")) { _ in }
            return handler.counts
        }
        #expect((counts.first?.completed, counts.first?.failed) == (1, 0))
        #expect(log.entries.isEmpty)
    }

    // MARK: -

    private func answering() throws -> ScriptedHTTPServer {
        try ScriptedHTTPServer { _, connection in
            try connection.beginStream()
            try connection.events([
                chunk(#"{"content":"fine"}"#), chunk("{}", finish: "stop"),
                #"{"id":"r1","choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}}"#,
                "[DONE]",
            ])
            try connection.endStream()
        }
    }

    private func provider(_ port: Int, _ name: String = "first") throws -> ChatProvider {
        try ChatProvider(name: name, baseURL: "http://127.0.0.1:\(port)/v1", apiKey: Secret(testKey), model: "m")
    }

    /// A conversation with one question.
    private var history: RecordedHistory {
        var history = RecordedHistory()
        history.message(1, "1", testText)
        history.generation(1, "started", of: "1")
        return history
    }

    private func handler(_ providers: [ChatProvider]) throws -> ModelHandler {
        let reader = CountingReader(history)
        return ModelHandler(
            settings: ModelSettings(
                providers: providers, provider: "first", fallback: providers.dropFirst().map(\.name)),
            contexts: ContextStore(readers: ShardReaders { () throws(JournalError) in reader }), logger: logger)
    }

    /// Asks once, whatever the result.
    private func ask(
        _ providers: [ChatProvider], attempt number: Int = 1, configuration: String? = nil
    ) async throws -> [ModelCounts] {
        let handler = try handler(providers)
        // The log and the counts report the failure.
        _ = try? await handler.run(attempt(number, configuration)) { _ in }
        await handler.shutDown()
        return handler.counts
    }

    private func effect(attempt: Int) -> OpenEffect {
        OpenEffect(
            key: EffectKey(cause: Position(1), ordinal: 0), conversation: ConversationID(1), subject: "chat-1",
            effectClass: .llm, kind: "generation", effectID: "llm-1", causeID: "m", attempt: attempt)
    }

    private func attempt(_ number: Int, _ configuration: String? = nil) -> EffectAttempt {
        EffectAttempt(
            idempotencyKey: "abcde-1-0", effect: effect(attempt: number),
            input: Array(#"{"content":"\#(testText)"}"#.utf8), configuration: configuration.map { Array($0.utf8) },
            contextThrough: history.head(1))
    }

    private func text(_ entry: InMemoryLogHandler.Entry, without key: String? = nil) -> [String: String] {
        entry.metadata.filter { $0.key != key }.mapValues { "\($0)" }
    }
}

private func chunk(_ delta: String, finish: String? = nil) -> String {
    let reason = finish.map { "\"\($0)\"" } ?? "null"
    return #"{"id":"r1","model":"served","choices":[{"index":0,"delta":\#(delta),"finish_reason":\#(reason)}]}"#
}
