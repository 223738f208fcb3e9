import ChatCompletions
import Conversation
import ConveyEngine
import EffectPort
import JournalPort
import JournalReading
import JournalSupport
import Signals
import Synchronization
import TestSupport
import Testing

@testable import EffectHandlers

/// A key that must not appear in any result or failure.
private let testKey = "sk-test-91c2e7"

@Suite struct ModelHandlerTests {
    // MARK: Requests

    @Test func `A model gets the conversation up to the attempt's start, in the order of the answers`() async throws {
        let server = try answering("fine")
        var history = RecordedHistory()
        history.exchange(1, "1")
        history.message(1, "2", "second")
        history.message(1, "3", "not yet")
        history.exchange(2, "another")
        history.generation(1, "started", of: "2")
        let attempt = attempt(history)
        history.exchange(1, "later")
        let result = try await run(attempt, history) {
            $0.systemPrompt = "Be brief."
        } providers: {
            try [provider(server)]
        }
        #expect(result.content == "fine")
        let request = try #require(server.requests.first)
        #expect(
            member(request, "messages")
                == #"[{"role":"system","content":"Be brief."},{"role":"user","content":"q1"},"#
                + #"{"role":"assistant","content":"a1"},{"role":"user","content":"second"}]"#)
        #expect(request["authorization"] == "Bearer \(testKey)")
        #expect(request["idempotency-key"] == attempt.idempotencyKey)
    }

    @Test func `Tool calls and their results go back to the model with their ids`() async throws {
        let server = try answering("fine")
        var history = RecordedHistory()
        history.message(1, "1", "q")
        history.generation(1, "started", of: "1")
        history.generation(1, "completed", of: "1", calls: ["c1"])
        history.add(
            1, "t", "conv.effect.tool.execution.completed", #"{"effect_id":"t","tool_call_id":"c1","content":"18 C"}"#)
        history.generation(1, "started", of: "t")
        let tools = [ChatTool(name: "f", description: "d", parameters: Array(#"{"type":"object"}"#.utf8))]
        _ = try await run(attempt(history), history, tools: tools) { _ in
        } providers: {
            try [provider(server)]
        }
        let request = try #require(server.requests.first)
        #expect(
            member(request, "messages")?.hasSuffix(
                #"{"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function","function":"#
                    + #"{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"c1","content":"18 C"}]"#)
                == true)
        #expect(
            member(request, "tools")
                == #"[{"type":"function","function":{"name":"f","description":"d","parameters":{"type":"object"}}}]"#)
    }

    @Test func `A conversation's configuration overrides the settings; null does not`() async throws {
        let server = try answering("fine")
        var history = RecordedHistory()
        for number in 0..<10 { history.exchange(1, "\(number)") }
        history.message(1, "last", "last")
        history.generation(1, "started", of: "last")
        let tools = ["f", "g"].map { ChatTool(name: $0, parameters: Array("{}".utf8)) }
        let configuration = #"""
            {"llm":{"provider":"other","model":"big","temperature":0.5,"max_tokens":7,"system_prompt":"P",
            "max_messages":2,"token_budget":null,"tools":["g"],"double_texting":5,"unknown":[]},"x":1}
            """#
        _ = try await run(attempt(history, configuration), history, tools: tools) {
            $0.temperature = 1
            $0.systemPrompt = "S"
        } providers: {
            try [provider(server, "scripted"), provider(server, "other")]
        }
        let request = try #require(server.requests.first)
        #expect(member(request, "model") == #""big""#)
        #expect(member(request, "temperature") == "0.5")
        #expect(member(request, "max_tokens") == "7")
        #expect(
            member(request, "messages")
                == #"[{"role":"system","content":"P"},{"role":"user","content":"(earlier messages are left out)"},"#
                + #"{"role":"assistant","content":"a9"},{"role":"user","content":"last"}]"#
        )
        #expect(member(request, "tools")?.contains(#""name":"f""#) == false)
        #expect(member(request, "tools")?.contains(#""name":"g""#) == true)

        let nulls = #"{"llm":{"provider":null,"model":null,"temperature":null,"system_prompt":"","tools":false}}"#
        _ = try await run(attempt(history, nulls), history, tools: tools) {
            $0.temperature = 1
            $0.systemPrompt = "S"
        } providers: {
            try [provider(server)]
        }
        let second = try #require(server.requests.last)
        #expect(member(second, "model") == #""test-model""#)
        #expect(member(second, "temperature") == "1.0")
        #expect(member(second, "tools") == nil)
        #expect(member(second, "messages")?.contains("system") == false)
    }

    @Test(arguments: [
        (#"{"llm":7}"#, "llm must be an object"),
        (#"{"llm":{"temperature":"hot"}}"#, "llm.temperature must be a number"),
        (#"{"llm":{"temperature":2.5}}"#, "llm.temperature must be a number from 0 to 2"),
        (#"{"llm":{"max_tokens":0}}"#, "llm.max_tokens must be a whole number"),
        (#"{"llm":{"max_tokens":1.5}}"#, "llm.max_tokens must be a whole number"),
        (#"{"llm":{"max_messages":1001}}"#, "llm.max_messages must be a whole number from 1 to 1000"),
        (#"{"llm":{"token_budget":[]}}"#, "llm.token_budget"), (#"{"llm":{"system_prompt":{}}}"#, "llm.system_prompt"),
        (#"{"llm":{"model":""}}"#, "llm.model"), (#"{"llm":{"model":1}}"#, "llm.model"),
        (#"{"llm":{"provider":"nobody"}}"#, "one of echo, scripted"), (#"{"llm":{"tools":true}}"#, "llm.tools"),
        (#"{"llm":{"tools":["f",1]}}"#, "llm.tools"), (#"{"llm":{"tools":["g"]}}"#, #""g"; there are f"#),
    ])
    func `A wrong configuration fails the attempt, names the member and the allowed values, and asks nobody`(
        configuration: String, expected: String
    ) async throws {
        let server = try answering("never")
        let tools = [ChatTool(name: "f", parameters: Array("{}".utf8))]
        let failure = try await failure(asked(configuration), tools: tools) { try [provider(server)] }
        #expect(failure.category == .config)
        #expect(failure.message.contains(expected), "\(failure.message)")
        #expect(server.requests.isEmpty)
    }

    // MARK: Results

    @Test func `Text and thinking are streamed, and the result names the provider that answered`() async throws {
        let server = try ScriptedHTTPServer { _, connection in
            try connection.beginStream()
            try connection.events([
                chunk(#"{"reasoning_content":"hm"}"#), chunk(#"{"content":"Hello"}"#), chunk("{}", finish: "stop"),
                #"{"id":"r1","model":"served","choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}}"#,
                "[DONE]",
            ])
            try connection.endStream()
        }
        let deltas = Mutex<[EffectDelta]>([])
        let (attempt, history) = asked()
        let result = try await run(attempt, history) { _ in
        } providers: {
            try [provider(server)]
        } emit: { delta in
            deltas.withLock { $0.append(delta) }
        }
        #expect(deltas.withLock { $0 } == [EffectDelta("hm", kind: .thinking), EffectDelta("Hello")])
        #expect(result.finishReason == "stop")
        #expect(
            String(decoding: result.details, as: UTF8.self)
                == #"{"provider":"scripted","model":"served","response_id":"r1","#
                + #""usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5},"thinking":"hm","#
                + #""reasoning_member":"reasoning_content"}"#)
    }

    @Test func `A model's tool calls are in the result`() async throws {
        let call = #"{"tool_calls":[{"index":0,"id":"c1","type":"function","function":{"name":"f","arguments":"{}"}}]}"#
        let server = try ScriptedHTTPServer { _, connection in
            try connection.beginStream()
            try connection.events([chunk(call), chunk("{}", finish: "tool_calls"), "[DONE]"])
            try connection.endStream()
        }
        let (attempt, history) = asked()
        let result = try await run(attempt, history) { _ in
        } providers: {
            try [provider(server)]
        }
        #expect(result.toolCalls == [ToolCall(id: "c1", name: "f", arguments: "{}")])
        #expect(result.finishReason == "tool_calls")
    }

    @Test func `When the first provider fails, the next one is asked, but not for a conversation that names its own`()
        async throws
    {
        let broken = try ScriptedHTTPServer { _, connection in try connection.reply(status: 503, "{}") }
        let server = try answering("fine")
        let providers = { try [self.provider(broken, "first"), self.provider(server, "second")] }
        let (attempt, history) = asked()
        let result = try await run(attempt, history) {
            $0.provider = "first"
            $0.fallback = ["second"]
        } providers: {
            try providers()
        }
        #expect(result.content == "fine")
        #expect(String(decoding: result.details, as: UTF8.self).contains(#""provider":"second""#))
        let failure = try await failure(
            asked(#"{"llm":{"provider":"first"}}"#),
            {
                $0.provider = "first"
                $0.fallback = ["second"]
            }, providers: providers)
        #expect(failure.category == .provider)
        #expect(server.requests.count == 1)
    }

    @Test(arguments: [
        (401, EffectFailure.Category.auth), (404, .config), (429, .provider), (500, .provider),
    ])
    func `A provider's failure keeps its category and the time it asks to wait, and shows no key`(
        status: Int, category: EffectFailure.Category
    ) async throws {
        let server = try ScriptedHTTPServer { _, connection in
            try connection.reply(
                status: status, headers: ["Retry-After: 7"], #"{"error":{"message":"no \#(testKey)"}}"#)
        }
        let failure = try await failure(asked()) { try [provider(server)] }
        #expect(failure.category == category)
        #expect(failure.retryAfter == (status == 429 ? .seconds(7) : failure.retryAfter))
        #expect(!"\(failure)".contains(testKey))
    }

    @Test func `An attempt that stalls beyond its limits fails as a time-out`() async throws {
        let server = try ScriptedHTTPServer { _, connection in
            try connection.beginStream()
            try connection.events([chunk(#"{"content":"partly"}"#)])
            try connection.stall()
        }
        var (attempt, history) = asked()
        attempt.limits = EffectLimits(timeout: .seconds(60), idleTimeout: .milliseconds(50))
        let failure = try await failure((attempt, history)) { try [provider(server)] }
        #expect(failure.category == .timeout)
    }

    @Test func `Cancelling closes the provider's connection`() async throws {
        let started = Gate()
        let server = try ScriptedHTTPServer { _, connection in
            try connection.beginStream()
            try connection.events([chunk(#"{"content":"partly"}"#)])
            try connection.stall()
        }
        let (attempt, history) = asked()
        let handler = handler(history) { _ in
        } providers: {
            try [provider(server)]
        }
        let task = Task { try await handler.get().run(attempt) { _ in started.open() } }
        try await eventually("the first piece") { started.isOpen }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        try await eventually("the connection is closed") { server.closures.count == 1 }
        try await handler.get().shutDown()
    }

    @Test func `Echo is a provider like the others, and needs no journal`() async throws {
        let (attempt, _) = asked(#"{"llm":{"provider":"echo"}}"#)
        let server = try answering("never")
        let result = try await run(attempt, RecordedHistory()) { _ in
        } providers: {
            try [provider(server)]
        }
        #expect(result.content == "said")
        let alone = try await run(asked().0, RecordedHistory()) {
            $0.provider = "echo"
        } providers: {
            []
        }
        #expect(alone.content == "said")
    }

    @Test func `A journal that cannot be read fails the attempt, and is retried where that may help`()
        async throws
    {
        let server = try answering("never")
        let (attempt, history) = asked()
        for (code, category) in [
            (JournalError.Code.inputOutput, EffectFailure.Category.transport), (.corrupt, .unknown),
        ] {
            let reader = CountingReader(history)
            reader.fail(JournalError(code, "simulated"))
            let contexts = ContextStore(readers: ShardReaders { () throws(JournalError) in reader })
            let handler = ModelHandler(
                settings: ModelSettings(providers: [try provider(server)], provider: "scripted"), contexts: contexts,
                logger: silentLogger)
            let failure = await #expect(throws: EffectFailure.self) { try await handler.run(attempt) { _ in } }
            #expect(failure?.category == category)
            await handler.shutDown()
        }
    }

    // MARK: Faults once found in histories

    @Test(arguments: 0..<12)
    func `Whatever the journal holds, the strictest provider answers`(seed: UInt64) async throws {
        let server = try answering("fine")
        var poisoned = PoisonedHistory(seed: seed)
        for round in 0..<12 {
            let id = poisoned.exchange()
            var attempt = attempt(poisoned.history)
            // The newest message may have no text; then the request consists of the earlier ones.
            attempt.toolRound = 1
            let limit = 1 + round * Int(seed) % 7
            do {
                let result = try await run(attempt, poisoned.history) {
                    $0.provider = "strict"
                    $0.maxMessages = round.isMultiple(of: 2) ? 40 : limit
                } providers: {
                    try [provider(server, "strict")]
                }
                #expect(result.content == "fine")
            } catch let failure as EffectFailure {
                // None of the few allowed messages has text.
                #expect(failure.message.contains("no message"), "seed \(seed): \(failure.message)")
            }
            poisoned.end(id)
        }
        #expect(server.requests.count > 6)
    }

    @Test(arguments: [
        "{}", #"{"content":""}"#, #"{"content":null}"#, #"{"content":" \n"}"#, #"{"Content":"hi"}"#, #"{"content":[]}"#,
    ])
    func `A message without text is not sent, and its answer fails with an explanation`(data: String) async throws {
        let server = try answering("never")
        for configuration in [nil, #"{"llm":{"provider":"echo"}}"#] {
            var history = RecordedHistory()
            history.exchange(1, "0")
            history.add(1, "1", "conv.in.message.received", data)
            history.generation(1, "started", of: "1")
            var attempt = attempt(history, configuration)
            attempt.input = Array(data.utf8)
            let failure = try await failure((attempt, history)) { try [provider(server)] }
            #expect(failure.code == "empty_message")
            #expect(failure.category == .config)
        }
        #expect(server.requests.isEmpty)
    }

    @Test func `A message without text does not keep merged messages from an answer`() async throws {
        let server = try answering("fine")
        var history = RecordedHistory()
        history.message(1, "1", "said")
        history.generation(1, "canceled", of: "1")
        history.add(1, "2", "conv.in.message.received", #"{"content":""}"#)
        history.generation(1, "started", of: "2")
        var attempt = attempt(history)
        attempt.input = Array(#"{"content":""}"#.utf8)
        _ = try await run(attempt, history) { _ in
        } providers: {
            try [provider(server)]
        }
        #expect(member(try #require(server.requests.first), "messages") == #"[{"role":"user","content":"said"}]"#)
    }

    @Test(arguments: [#"{"city":"#, "Oslo", #"["Oslo"]"#])
    func `Arguments that are not an object are recorded as an empty one, with the original beside it`(
        text: String
    ) async throws {
        let call = ToolCall(id: "c", name: "f", written: text)
        #expect(call == ToolCall(id: "c", name: "f", arguments: "{}", unreadableArguments: text))
    }

    /// A conversation in which a provider called a tool and wants a member returned with the call.
    private func signed(by name: String) -> RecordedHistory {
        var history = RecordedHistory()
        history.message(1, "1", "said")
        history.generation(1, "started", of: "1")
        history.add(
            1, "c", "conv.effect.llm.generation.completed",
            #"{"effect_id":"llm-generation-1","content":"","provider":"\#(name)","thinking":"hm","reasoning_member":"reasoning_content","#
                + #""provider_members":{"extra_content":{"s":"M"}},"tool_calls":[{"id":"call_0","name":"f","arguments":"{}","#
                + #""members":{"extra_content":{"google":{"thought_signature":"S"}},"function":{"x":1}}}]}"#)
        history.add(
            1, "t", "conv.effect.tool.execution.completed", #"{"effect_id":"t","tool_call_id":"call_0","content":"18"}"#
        )
        history.generation(1, "started", of: "t")
        return history
    }

    @Test func `A provider gets back the members that it wants, unchanged`() async throws {
        let server = try answering("fine")
        let history = signed(by: "scripted")
        _ = try await run(attempt(history), history) { _ in
        } providers: {
            try [provider(server)]
        }
        #expect(
            member(try #require(server.requests.first), "messages") == #"[{"role":"user","content":"said"},"#
                + #"{"role":"assistant","content":null,"reasoning_content":"hm","extra_content":{"s":"M"},"tool_calls":["#
                + #"{"id":"call_0","type":"function","function":{"name":"f","arguments":"{}","x":1},"#
                + #""extra_content":{"google":{"thought_signature":"S"}}}]},"#
                + #"{"role":"tool","tool_call_id":"call_0","content":"18"}]"#)
    }

    @Test func `Another provider gets none of them, and ids that any server accepts`() async throws {
        let server = try answering("fine")
        let history = signed(by: "other")
        _ = try await run(attempt(history), history) { _ in
        } providers: {
            try [provider(server)]
        }
        let id = RequestMessages.callID("call_0")
        #expect(
            member(try #require(server.requests.first), "messages") == #"[{"role":"user","content":"said"},"#
                + #"{"role":"assistant","content":null,"tool_calls":["#
                + #"{"id":"\#(id)","type":"function","function":{"name":"f","arguments":"{}"}}]},"#
                + #"{"role":"tool","tool_call_id":"\#(id)","content":"18"}]"#)
    }

    // MARK: -

    private func provider(_ server: ScriptedHTTPServer, _ name: String = "scripted") throws -> ChatProvider {
        try ChatProvider(
            name: name, baseURL: "http://127.0.0.1:\(server.port)/v1", apiKey: Secret(testKey), model: "test-model")
    }

    private func answering(_ text: String) throws -> ScriptedHTTPServer {
        try strict { _, connection in
            try connection.beginStream()
            try connection.events([chunk(#"{"content":"\#(text)"}"#), chunk("{}", finish: "stop"), "[DONE]"])
            try connection.endStream()
        }
    }

    /// A provider that refuses everything that any server is known to refuse.
    private func strict(_ script: @escaping ScriptedHTTPServer.Script) throws -> ScriptedHTTPServer {
        try ScriptedHTTPServer { request, connection in
            guard let fault = StrictProvider.fault(in: request.body) else { return try script(request, connection) }
            try connection.reply(status: 400, #"{"error":{"message":"\#(fault)"}}"#)
        }
    }

    private func attempt(_ history: RecordedHistory, _ configuration: String? = nil) -> EffectAttempt {
        EffectAttempt(
            idempotencyKey: "abcde-1-0",
            effect: OpenEffect(
                key: EffectKey(cause: Position(1), ordinal: 0), conversation: ConversationID(1), subject: "chat-1",
                effectClass: .llm, kind: "generation", effectID: "e", causeID: "m", attempt: 1),
            input: Array(#"{"content":"said"}"#.utf8), configuration: configuration.map { Array($0.utf8) },
            contextThrough: history.head(1))
    }

    /// A conversation with one question.
    private func asked(_ configuration: String? = nil) -> (EffectAttempt, RecordedHistory) {
        var history = RecordedHistory()
        history.message(1, "1", "said")
        history.generation(1, "started", of: "1")
        return (attempt(history, configuration), history)
    }

    private func handler(
        _ history: RecordedHistory, tools: [ChatTool] = [], _ configure: (inout ModelSettings) -> Void,
        providers: () throws -> [ChatProvider]
    ) -> Result<ModelHandler, any Error> {
        Result {
            var settings = ModelSettings(providers: try providers(), provider: "scripted")
            settings.client.coalescingDelay = .zero
            configure(&settings)
            let reader = CountingReader(history)
            return ModelHandler(
                settings: settings, tools: tools,
                contexts: ContextStore(readers: ShardReaders { () throws(JournalError) in reader }),
                logger: silentLogger)
        }
    }

    private func run(
        _ attempt: EffectAttempt, _ history: RecordedHistory, tools: [ChatTool] = [],
        _ configure: (inout ModelSettings) -> Void, providers: () throws -> [ChatProvider],
        emit: @escaping @Sendable (EffectDelta) async throws -> Void = { _ in }
    ) async throws -> EffectResult {
        let handler = try handler(history, tools: tools, configure, providers: providers).get()
        do {
            let result = try await handler.run(attempt, emit: emit)
            await handler.shutDown()
            return result
        } catch {
            await handler.shutDown()
            throw error
        }
    }

    private func failure(
        _ asked: (EffectAttempt, RecordedHistory), tools: [ChatTool] = [],
        _ configure: (inout ModelSettings) -> Void = { _ in }, providers: () throws -> [ChatProvider]
    ) async throws -> EffectFailure {
        try await #require(throws: EffectFailure.self) {
            try await run(asked.0, asked.1, tools: tools, configure, providers: providers)
        }
    }

    /// A member of a request's body, as spelled.
    private func member(_ request: ScriptedRequest, _ name: StaticString) -> String? {
        JSONObjectView(request.body)?[name].map { String(decoding: $0.raw, as: UTF8.self) }
    }

    private func eventually(_ what: String, _ condition: () -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(10)
        while !condition() {
            try #require(ContinuousClock.now < deadline, "\(what)")
            try await Task.sleep(for: .milliseconds(1))
        }
    }
}

private func chunk(_ delta: String, finish: String? = nil) -> String {
    let reason = finish.map { "\"\($0)\"" } ?? "null"
    return #"{"id":"r1","model":"served","choices":[{"index":0,"delta":\#(delta),"finish_reason":\#(reason)}]}"#
}
