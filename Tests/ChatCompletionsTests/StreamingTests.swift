import Conversation
import Synchronization
import TestSupport
import Testing

@testable import ChatCompletions

/// Replies over a connection.
@Suite(.timeLimit(.minutes(1))) struct StreamingTests {
    private let usage = #"{"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}}"#

    @Test func aStreamIsEmittedAsItComesAndReturnedAsAWhole() async throws {
        let deltas = Deltas()
        let (first, second) = (Gate(), Gate())
        let server = try ScriptedHTTPServer { [usage] _, connection in
            try connection.beginStream()
            try connection.events([chunk(delta: #"{"role":"assistant","content":""}"#)])
            try connection.events([textChunk("hm", member: "reasoning_content")])
            try connection.wait(for: first)
            try connection.events([textChunk("Hel")])
            try connection.wait(for: second)
            try connection.events([textChunk("lo"), textChunk("!", finish: "stop"), usage, "[DONE]"])
            try connection.endStream()
        }
        try await withClient { client in
            let outcome = try await client.run(hello, provider: provider(server)) { delta in
                deltas.emit(delta)
                // Each piece arrives before the next one is sent.
                if delta == .thinking("hm") { first.open() }
                if delta == .content("Hel") { second.open() }
            }
            #expect(
                outcome
                    == ChatOutcome(
                        content: "Hello!", thinking: "hm", finishReason: "stop", toolCalls: [],
                        usage: ChatUsage(promptTokens: 3, completionTokens: 2, totalTokens: 5), model: "served-model",
                        responseID: "chatcmpl-1", provider: "scripted", reasoningMember: "reasoning_content"))
        }
        #expect(deltas.content == "Hello!")
        #expect(deltas.all.first == .thinking("hm"))
    }

    @Test func theRequestCarriesKeyIdempotencyKeyAndHeaders() async throws {
        let server = try ScriptedHTTPServer { _, connection in
            try connection.beginStream()
            try connection.events([textChunk("x", finish: "stop"), "[DONE]"])
            try connection.endStream()
        }
        try await withClient { client in
            let provider = try ChatProvider(
                name: "p", baseURL: "http://127.0.0.1:\(server.port)/v1?api-version=2", apiKey: Secret(testKey),
                model: "m", organization: "org-1", headers: [.init(name: "X-Title", value: Secret("Convey"))])
            var request = hello
            request.idempotencyKey = "effect-1"
            _ = try await client.run(request, provider: provider) { _ in }
            var plain = hello
            plain.stream = false
            _ = try await client.run(plain, provider: ChatCompletionsTests.provider(server)) { _ in }
            let sent = try #require(server.requests.first)
            #expect(sent.method == "POST")
            #expect(sent.target == "/v1/chat/completions?api-version=2")
            #expect(sent["authorization"] == "Bearer \(testKey)")
            #expect(sent["idempotency-key"] == "effect-1")
            #expect(sent["openai-organization"] == "org-1")
            #expect(sent["x-title"] == "Convey")
            #expect(sent["content-type"] == "application/json")
            #expect(sent["accept"] == "text/event-stream")
            #expect(try sent.body == request.encoded(for: provider, limits: ChatLimits()))
            #expect(server.requests.last?["accept"] == "application/json")
            #expect(server.requests.last?["idempotency-key"] == nil)
        }
    }

    @Test func aProviderWithoutAKeyIsAskedWithoutAuthorization() async throws {
        let server = try ScriptedHTTPServer { _, connection in
            try connection.beginStream()
            try connection.events([textChunk("x", finish: "stop")])
            try connection.endStream()
        }
        try await withClient { client in
            _ = try await client.run(hello, provider: provider(server, key: "")) { _ in }
        }
        #expect(server.requests.first?["authorization"] == nil)
    }

    @Test func aConnectionIsUsedAgainBehindACompleteReply() async throws {
        let server = try ScriptedHTTPServer { _, connection in
            try connection.beginStream()
            try connection.events([textChunk("x", finish: "stop"), "[DONE]"])
            try connection.endStream()
        }
        try await withClient { client in
            for _ in 0..<5 { _ = try await client.run(hello, provider: provider(server)) { _ in } }
        }
        #expect(server.requests.count == 5)
        #expect(server.connectionCount == 1)
    }

    @Test(arguments: [true, false], ["application/json", "application/json; charset=utf-8"])
    func aReplyInOneObjectIsAcceptedHoweverItWasAskedFor(stream: Bool, type: String) async throws {
        let body =
            #"{"id":"r1","model":"m1","choices":[{"index":0,"message":{"role":"assistant","content":"Hello!","#
            + #""reasoning":"hm","tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{}"}}]},"#
            + #""finish_reason":"tool_calls"}],"usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}}"#
        let server = try ScriptedHTTPServer { _, connection in try connection.reply(type: type, body) }
        let deltas = Deltas()
        try await withClient { client in
            var request = hello
            request.stream = stream
            let outcome = try await client.run(request, provider: provider(server)) { deltas.emit($0) }
            #expect(
                outcome
                    == ChatOutcome(
                        content: "Hello!", thinking: "hm", finishReason: "tool_calls",
                        toolCalls: [ToolCall(id: "c1", name: "f", arguments: "{}")],
                        usage: ChatUsage(promptTokens: 3, completionTokens: 2, totalTokens: 5), model: "m1",
                        responseID: "r1", provider: "scripted", reasoningMember: "reasoning"))
        }
        #expect(deltas.all == [.thinking("hm"), .content("Hello!")])
    }

    @Test(arguments: [nil, "text/plain"] as [String?])
    func aStreamWithoutItsContentTypeIsTakenForOne(type: String?) async throws {
        let server = try ScriptedHTTPServer { _, connection in
            try connection.beginStream(type: type)
            try connection.events([textChunk("x", finish: "stop"), "[DONE]"])
            try connection.endStream()
        }
        try await withClient { client in
            let outcome = try await client.run(hello, provider: provider(server)) { _ in }
            #expect(outcome.content == "x")
        }
    }

    @Test func aStreamThatEndsWithItsConnectionIsComplete() async throws {
        let server = try ScriptedHTTPServer { _, connection in
            try connection.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
            // Without [DONE], and without the last empty line.
            try connection.send("data: \(textChunk("x", finish: "stop"))\n")
            connection.close()
        }
        try await withClient { client in
            let outcome = try await client.run(hello, provider: provider(server)) { _ in }
            #expect(outcome.content == "x")
        }
    }

    @Test(arguments: 0..<8) func anyCuttingOnTheWireGivesTheSameReply(seed: UInt64) async throws {
        let text =
            ": keep-alive\r\n\r\ndata: \(textChunk("héllo "))\r\n\r\n: keep-alive\n\ndata: \(textChunk("wörld 🌍"))\r\r"
            + "data: \(textChunk("", finish: "stop"))\n\ndata: [DONE]\n\n"
        let server = try ScriptedHTTPServer { _, connection in
            var random = Seeded(seed)
            try connection.beginStream()
            for piece in cut(Array(text.utf8), using: &random) { try connection.chunk(piece) }
            try connection.endStream()
        }
        try await withClient { client in
            let outcome = try await client.run(hello, provider: provider(server)) { _ in }
            #expect(outcome.content == "héllo wörld 🌍", "seed \(seed)")
        }
    }

    @Test func piecesThatComeCloseTogetherAreJoined() async throws {
        let words = (0..<100).map { "word\($0) " }
        let server = try ScriptedHTTPServer { _, connection in
            try connection.beginStream()
            try connection.events(words.map { textChunk($0) } + [textChunk("", finish: "stop"), "[DONE]"])
            try connection.endStream()
        }
        let deltas = Deltas()
        try await withClient({
            $0.coalescingDelay = .seconds(60)
            $0.coalescingBytes = 300
        }) { client in
            let outcome = try await client.run(hello, provider: provider(server)) { deltas.emit($0) }
            #expect(outcome.content == words.joined())
        }
        #expect(deltas.content == words.joined())
        #expect(deltas.all.count <= 5)
    }

    @Test func whatErrorEmitThrowsIsThrownAndTheConnectionClosed() async throws {
        struct Full: Error {}
        let server = try ScriptedHTTPServer { _, connection in
            try connection.beginStream()
            try connection.events([textChunk("x")])
            try connection.stall()
        }
        try await withClient { client in
            await #expect(throws: Full.self) {
                try await client.run(hello, provider: provider(server)) { _ in throw Full() }
            }
            try await eventually("the client closes") { server.closures.count == 1 }
        }
    }

    @Test func aSlowReceiverSlowsTheProviderDown() async throws {
        let sent = Mutex(0)
        let server = try ScriptedHTTPServer { _, connection in
            try connection.beginStream()
            let piece = textChunk(String(repeating: "x", count: 10_000))
            for _ in 0..<3_000 {
                try connection.events([piece])
                sent.withLock { $0 += 1 }
            }
            try connection.events([textChunk("", finish: "stop")])
            try connection.endStream()
        }
        let gate = Gate()
        try await withClient({ $0.limits.textBytes = 100 << 20 }) { client in
            async let outcome = client.run(hello, provider: provider(server)) { _ in
                try await eventually("the gate opens") { gate.isOpen }
            }
            // The server sends what the socket buffers and the backlog hold, and then nothing more.
            var last = (count: 0, since: ContinuousClock.now)
            try await eventually("the server cannot send on") {
                let count = sent.withLock { $0 }
                if count != last.count { last = (count, .now) }
                return count > 0 && .now - last.since > .milliseconds(300)
            }
            #expect(sent.withLock { $0 } < 3_000)
            gate.open()
            #expect(try await outcome.content.utf8.count == 30_000_000)
        }
    }
}
