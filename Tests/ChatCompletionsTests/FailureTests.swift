import TestSupport
import Testing

@testable import ChatCompletions

/// Each provider failure has a category, and a message without the key.
@Suite(.timeLimit(.minutes(1))) struct FailureTests {
    @Test(arguments: [
        (301, ChatFailure.Category.config), (302, .config), (307, .config), (308, .config), (400, .config),
        (401, .auth),
        (402, .auth), (403, .auth), (404, .config), (405, .config), (408, .timeout), (409, .provider), (413, .config),
        (415, .config), (422, .config), (429, .provider), (451, .config), (500, .provider), (502, .provider),
        (503, .provider), (504, .timeout), (524, .timeout), (529, .provider), (204, .provider),
    ])
    func aStatusHasACategory(status: Int, category: ChatFailure.Category) async throws {
        let failure = try await failure { _, connection in
            // 204 has no body.
            guard status != 204 else { return try connection.send("HTTP/1.1 204 No Content\r\n\r\n") }
            try connection.reply(
                status: status, headers: ["x-request-id: req-7"],
                #"{"error":{"message":"it\nfailed for Bearer \#(testKey)","type":"x","code":null}}"#)
        }
        #expect(failure.category == category)
        #expect(failure.status == status)
        #expect(failure.isRetriable == [.timeout, .provider, .transport].contains(category))
        #expect(failure.message.contains("\(status)"))
        guard status != 204 else { return }
        #expect(failure.message.contains("it failed for Bearer ***"))
        #expect(failure.message.contains("req-7"))
    }

    @Test(arguments: [
        (#"{"error":{"message":"m","code":"insufficient_quota"}}"#, 429, ChatFailure.Category.auth),
        (#"{"error":{"message":"m","type":"insufficient_quota"}}"#, 429, .auth),
        (#"{"error":{"message":"m","code":"rate_limit_exceeded"}}"#, 429, .provider),
        (#"[{"error":{"code":400,"message":"m","status":"INVALID_ARGUMENT"}}]"#, 400, .config),
        (#"{"error":{"message":"m","code":"invalid_api_key"}}"#, 400, .auth),
        (#"{"error":"m"}"#, 404, .config), (#"{"detail":"m"}"#, 422, .config), (#"{"message":"m"}"#, 400, .config),
        (#"{"object":"error","message":"m","type":"BadRequestError","code":400}"#, 400, .config),
        (#"{"detail":[{"loc":["body"],"msg":"m","type":"missing"}]}"#, 422, .config),
        (#"{"error":{"message":"m","code":"insufficient_quota"}}"#, 500, .provider),
    ])
    func anErrorsBodyIsReadInAnyOfItsForms(body: String, status: Int, category: ChatFailure.Category) async throws {
        let failure = try await failure { _, connection in try connection.reply(status: status, body) }
        #expect(failure.category == category)
        #expect(failure.message.contains("answered \(status): m"))
    }

    @Test(arguments: ["<html>no</html>", "", "{", "[]", "\u{0}"])
    func anErrorWithoutWordsIsAFailureAllTheSame(body: String) async throws {
        let failure = try await failure { _, connection in try connection.reply(status: 500, type: "text/html", body) }
        #expect(failure.category == .provider)
        #expect(failure.message.contains("answered 500"))
    }

    @Test func retryAfterIsPassedOn() async throws {
        let seconds = try await failure { _, connection in
            try connection.reply(status: 429, headers: ["Retry-After: 7"], "{}")
        }
        #expect(seconds.retryAfter == .seconds(7))
        let date = try await failure { _, connection in
            try connection.reply(
                status: 503,
                headers: ["Retry-After: Sun, 06 Nov 1994 08:50:00 GMT", "Date: Sun, 06 Nov 1994 08:49:37 GMT"], "{}")
        }
        #expect(date.retryAfter == .seconds(23))
        #expect(try await failure { _, connection in try connection.reply(status: 429, "{}") }.retryAfter == nil)
    }

    @Test func aLongErrorIsReadToItsLimitAndCut() async throws {
        let words = String(repeating: "long ", count: 100_000)
        let failure = try await failure { _, connection in
            try connection.reply(status: 400, #"{"error":{"message":"\#(words.prefix(20_000))"}}"#)
        }
        #expect(failure.message.contains("long long"))
        #expect(failure.message.utf8.count < 1_000)
        let endless = try await ChatCompletionsTests.failure { _, connection in
            try connection.beginStream(400, type: "text/plain")
            while true { try connection.chunk(words) }
        }
        #expect(endless.category == .config)
    }

    @Test(arguments: [301, 302, 303, 307, 308])
    func aRedirectIsNotFollowedAndTheKeyDoesNotTravel(status: Int) async throws {
        let other = try ScriptedHTTPServer { _, connection in try connection.reply("{}") }
        let location = "http://127.0.0.1:\(other.port)/stolen?key=\(testKey)"
        let failure = try await failure { _, connection in
            try connection.reply(status: status, headers: ["Location: \(location)"], "")
        }
        #expect(failure.category == .config)
        #expect(failure.message.contains("redirect to http://127.0.0.1:\(other.port)/stolen"))
        #expect(other.connectionCount == 0)
    }

    @Test func aWebPageIsTheWrongAddress() async throws {
        let failure = try await failure { _, connection in
            try connection.reply(type: "text/html; charset=utf-8", "<html></html>")
        }
        #expect(failure.category == .config)
        #expect(failure.message.contains("base URL"))
    }

    // MARK: Streams

    @Test(arguments: [
        (#"{"error":{"message":"m","type":"server_error","code":null}}"#, ChatFailure.Category.provider),
        (#"{"error":{"message":"m","code":502}}"#, .provider), (#"{"error":{"message":"m","code":504}}"#, .timeout),
        (#"{"error":{"message":"m","code":401}}"#, .auth),
        (#"{"error":{"message":"m","code":"context_length_exceeded"}}"#, .config),
        (#"{"error":{"message":"m","type":"invalid_request_error","code":"unheard_of"}}"#, .config),
        (#"{"error":{"message":"m","code":"insufficient_quota"}}"#, .auth),
        (#"{"error":{"message":"m","code":"timeout"}}"#, .timeout), (#"{"error":"m"}"#, .provider),
        (
            #"{"choices":[{"index":0,"delta":{},"finish_reason":"error"}],"error":{"message":"m","code":"x"}}"#,
            .provider
        ),
    ])
    func anErrorInsideAStreamHasTheCategoryOfItsCode(data: String, category: ChatFailure.Category) async throws {
        let deltas = Deltas()
        let failure = try await failure(into: deltas) { _, connection in
            try connection.beginStream()
            try connection.events([textChunk("partly"), data])
            try connection.stall()
        }
        #expect(failure.category == category)
        #expect(failure.message.contains("error in its reply: m"))
        #expect(failure.partialContent == "partly")
        #expect(deltas.content == "partly")
    }

    @Test func anErrorEventIsAnErrorWhateverItsData() async throws {
        let failure = try await failure { _, connection in
            try connection.beginStream()
            try connection.chunk("event: error\ndata: {\"type\":\"overloaded_error\",\"message\":\"m\"}\n\n")
            try connection.stall()
        }
        #expect(failure.category == .provider)
        #expect(failure.message.contains("error in its reply: m"))
    }

    @Test(arguments: [[], ["[DONE]"]])
    func aStreamThatEndsWithoutAFinishReasonHasFailed(end: [String]) async throws {
        let deltas = Deltas()
        let failure = try await failure(into: deltas) { _, connection in
            try connection.beginStream()
            try connection.events([textChunk("partly", member: "reasoning"), textChunk("partly")] + end)
            try connection.endStream()
        }
        #expect(failure.category == .provider)
        #expect(failure.message.contains("finish reason"))
        #expect(failure.partialContent == "partly")
        #expect(failure.partialThinking == "partly")
        #expect(deltas.content == "partly")
    }

    @Test(arguments: ["{", "hello", "[1]", "{\"choices\":[{\"delta\":{\"content\":\"\\ud800\"}}]}", "{}{}"])
    func dataThatIsNoObjectIsTheProvidersFailure(data: String) async throws {
        let failure = try await failure { _, connection in
            try connection.beginStream()
            try connection.events([textChunk("a"), data])
            try connection.stall()
        }
        #expect(failure.category == .provider)
        #expect(failure.partialContent == "a")
    }

    @Test func aReplyThatIsTooLargeIsTheProvidersFailure() async throws {
        let event = try await failure({ $0.limits.eventBytes = 1_000 }) { _, connection in
            try connection.beginStream()
            while true { try connection.chunk("data: long ") }
        }
        let stream = try await failure({ $0.limits.streamBytes = 100_000 }) { _, connection in
            try connection.beginStream()
            while true { try connection.chunk(": keep-alive\n\n") }
        }
        let text = try await failure({ $0.limits.textBytes = 10_000 }) { _, connection in
            try connection.beginStream()
            while true { try connection.events([textChunk("long ")]) }
        }
        let whole = try await failure({ $0.limits.replyBytes = 10_000 }) { _, connection in
            try connection.beginStream(type: "application/json")
            while true { try connection.chunk("[[[[[[[[[[") }
        }
        for failure in [event, stream, text, whole] {
            #expect(failure.category == .provider)
            #expect(failure.message.contains("more than"))
        }
    }

    @Test(arguments: ["{", "[]", #"{"choices":[]}"#, #"{"choices":[{"message":{"content":"x"}}]}"#])
    func aWholeReplyThatIsNoneIsTheProvidersFailure(body: String) async throws {
        #expect(try await failure { _, connection in try connection.reply(body) }.category == .provider)
    }
}
