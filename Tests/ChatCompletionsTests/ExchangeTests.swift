import Conversation
import Testing

@testable import ChatCompletions

/// Time limits and back-pressure, with a clock of the test's own.
@Suite struct ExchangeTests {
    private let start = ContinuousClock.now

    private func at(_ seconds: Double) -> ContinuousClock.Instant { start + .seconds(seconds) }

    private func exchange(
        stream: Bool = true, limits: ChatLimits = ChatLimits(), delay: Duration = .zero
    ) throws -> ChatExchange {
        var request = hello
        request.stream = stream
        return ChatExchange(
            request: request, provider: try provider(port: 1),
            timeouts: ChatTimeouts(total: .seconds(100), firstToken: .seconds(20), idle: .seconds(5)), limits: limits,
            coalescer: DeltaCoalescer(delay: delay, bytes: 1_000), now: start)
    }

    private let streamHead = ReplyHead(
        status: 200, header: { $0 == "content-type" ? "text/event-stream" : nil }, now: 0)
    private let jsonHead = ReplyHead(
        status: 200, header: { $0 == "content-type" ? "Application/JSON; x" : nil }, now: 0)

    private func feed(_ exchange: inout ChatExchange, _ text: String, at seconds: Double) -> ChatExchange.Reading {
        Array(text.utf8).withUnsafeBytes { exchange.received($0, now: at(seconds)) }
    }

    private func failure(_ step: ChatExchange.Step) throws -> ChatFailure {
        guard case .end(.failure(let failure)) = step else {
            Issue.record("not a failure: \(step)")
            throw ChatFailure(.unknown, "no failure")
        }
        return failure
    }

    @Test func theFirstTokenHasItsOwnLimitThatKeepAlivesDoNotMove() throws {
        var exchange = try exchange()
        #expect(exchange.next(now: at(0)) == .wait(.seconds(20)))
        exchange.received(head: streamHead, now: at(1))
        _ = feed(&exchange, ": keep-alive\n\n", at: 19)
        #expect(exchange.next(now: at(19)) == .wait(.seconds(1)))
        let failure = try failure(exchange.next(now: at(20)))
        #expect(failure.category == .timeout)
        #expect(failure.message.contains("20 s"))
    }

    @Test func afterTheFirstTokenKeepAlivesMoveTheIdleLimit() throws {
        var exchange = try exchange()
        exchange.received(head: streamHead, now: at(1))
        _ = feed(&exchange, "data: \(textChunk("a"))\n\n", at: 2)
        #expect(exchange.next(now: at(2)) == .emit(.content("a"), resumesReader: false))
        #expect(exchange.next(now: at(2)) == .wait(.seconds(5)))
        _ = feed(&exchange, ": keep-alive\n\n", at: 6)
        #expect(exchange.next(now: at(7)) == .wait(.seconds(4)))
        let failure = try failure(exchange.next(now: at(11)))
        #expect(failure.category == .timeout)
        #expect(failure.message.contains("5 s"))
        #expect(failure.partialContent == "a")
    }

    @Test func theTotalLimitEndsAStreamThatGoesOn() throws {
        var exchange = try exchange()
        exchange.received(head: streamHead, now: at(0))
        for second in 1...99 {
            _ = feed(&exchange, "data: \(textChunk("a"))\n\n", at: Double(second))
            _ = exchange.next(now: at(Double(second)))
        }
        #expect(exchange.next(now: at(99)) == .wait(.seconds(1)))
        #expect(try failure(exchange.next(now: at(100))).message.contains("100 s"))
    }

    @Test func textThatWaitsIsEmittedBeforeATimeLimitEndsTheReply() throws {
        var exchange = try exchange(delay: .seconds(50))
        exchange.received(head: streamHead, now: at(0))
        _ = feed(&exchange, "data: \(textChunk("a"))\n\n", at: 1)
        _ = exchange.next(now: at(1))
        _ = feed(&exchange, "data: \(textChunk("b"))\n\n", at: 2)
        #expect(exchange.next(now: at(2)) == .wait(.seconds(5)))
        #expect(exchange.next(now: at(7)) == .emit(.content("b"), resumesReader: false))
        #expect(try failure(exchange.next(now: at(7))).partialContent == "ab")
    }

    @Test func aReplyThatIsNotStreamedHasTheTotalLimitUntilItBegins() throws {
        var exchange = try exchange(stream: false)
        #expect(exchange.next(now: at(0)) == .wait(.seconds(100)))
        exchange.received(head: jsonHead, now: at(90))
        #expect(exchange.next(now: at(90)) == .wait(.seconds(5)))
        #expect(try failure(exchange.next(now: at(95))).category == .timeout)
    }

    @Test func behindTheFinishReasonTheRestIsNotWaitedForLong() throws {
        var exchange = try exchange()
        exchange.received(head: streamHead, now: at(0))
        _ = feed(&exchange, "data: \(textChunk("a", finish: "stop"))\n\n", at: 1)
        _ = exchange.next(now: at(1))
        #expect(exchange.next(now: at(1)) == .wait(.seconds(1)))
        guard case .end(.success(let outcome)) = exchange.next(now: at(2)) else {
            Issue.record("a reply with a finish reason is complete")
            return
        }
        #expect(outcome.content == "a")
    }

    @Test func aConnectionThatBreaksBehindTheFinishReasonDoesNotMatter() throws {
        var exchange = try exchange()
        exchange.received(head: streamHead, now: at(0))
        _ = feed(&exchange, "data: \(textChunk("a", finish: "stop"))\n\n", at: 1)
        exchange.failed(ChatFailure(.transport, "broke"))
        _ = exchange.next(now: at(1))
        guard case .end(.success) = exchange.next(now: at(1)) else {
            Issue.record("a reply with a finish reason is complete")
            return
        }
    }

    @Test func anErrorWhoseBodyDoesNotEndIsReportedAllTheSame() throws {
        var exchange = try exchange()
        exchange.received(head: ReplyHead(status: 503, header: { _ in nil }, now: 0), now: at(1))
        _ = feed(&exchange, "{\"err", at: 1)
        #expect(exchange.next(now: at(1)) == .wait(.seconds(1)))
        #expect(try failure(exchange.next(now: at(2))).status == 503)
    }

    @Test func aReaderThatIsAheadPausesAndItsPauseIsNotTheProvidersSilence() throws {
        var limits = ChatLimits()
        limits.backlogBytes = 10
        var exchange = try exchange(limits: limits)
        exchange.received(head: streamHead, now: at(0))
        #expect(feed(&exchange, "data: \(textChunk("0123456789"))\n\n", at: 1) == .goOn)
        #expect(feed(&exchange, "data: \(textChunk("0"))\n\n", at: 1) == .pause)
        // `emit` blocked the reply for longer than the idle limit.
        #expect(exchange.next(now: at(30)) == .emit(.content("01234567890"), resumesReader: true))
        #expect(exchange.next(now: at(30)) == .wait(.seconds(5)))
    }

    @Test func whatStandsBehindAPauseIsStillWaitedFor() throws {
        var limits = ChatLimits()
        limits.backlogBytes = 10
        var exchange = try exchange(limits: limits)
        exchange.received(head: streamHead, now: at(0))
        #expect(feed(&exchange, "data: \(textChunk("01234567890", finish: "stop"))\n\n", at: 1) == .pause)
        #expect(exchange.next(now: at(30)) == .emit(.content("01234567890"), resumesReader: true))
        #expect(exchange.next(now: at(30)) == .wait(.seconds(1)))
        _ = feed(&exchange, "data: {\"choices\":[],\"usage\":{\"total_tokens\":7}}\n\n", at: 30.5)
        exchange.receivedEnd(now: at(30.5))
        guard case .end(.success(let outcome)) = exchange.next(now: at(30.5)) else {
            Issue.record("a reply with a finish reason is complete")
            return
        }
        #expect(outcome.usage?.totalTokens == 7)
    }

    @Test func theEmitterIsWokenOnlyForWhatIsDueBeforeItLooksAgain() throws {
        var exchange = try exchange(delay: .seconds(1))
        #expect(!exchange.wakesEmitter(now: at(0)))
        _ = exchange.next(now: at(0))
        exchange.received(head: streamHead, now: at(0))
        _ = feed(&exchange, "data: \(textChunk("a"))\n\n", at: 0)
        #expect(exchange.wakesEmitter(now: at(0)))
        #expect(exchange.next(now: at(0)) == .emit(.content("a"), resumesReader: false))
        _ = exchange.next(now: at(0))
        _ = feed(&exchange, "data: \(textChunk("b"))\n\n", at: 0.1)
        #expect(exchange.wakesEmitter(now: at(0.1)))
        #expect(exchange.next(now: at(0.1)) == .wait(.milliseconds(900)))
        _ = feed(&exchange, "data: \(textChunk("c"))\n\n", at: 0.2)
        #expect(!exchange.wakesEmitter(now: at(0.2)))
        _ = feed(&exchange, "data: [DONE]\n\n", at: 0.3)
        #expect(exchange.wakesEmitter(now: at(0.3)))
    }

    @Test(arguments: 0..<50) func anyCuttingOfAStreamGivesTheSameReply(seed: UInt64) throws {
        var random = Seeded(seed)
        let text =
            "\u{feff}: hi\r\n\r\ndata: \(textChunk("hm", member: "reasoning_content"))\n\n"
            + "data: \(textChunk("héllo "))\r\n\r\ndata: \(textChunk("wörld 🌍"))\n\n"
            + "data: \(chunk(delta: #"{"tool_calls":[{"index":0,"id":"c","function":{"name":"f","arguments":"{}"}}]}"#))\n\n"
            + "data: \(chunk(delta: "{}", finish: "tool_calls"))\n\ndata: [DONE]\n\n"
        var exchange = try exchange()
        exchange.received(head: streamHead, now: at(0))
        var emitted = ""
        for piece in cut(Array(text.utf8), using: &random) {
            _ = piece.withUnsafeBytes { exchange.received($0, now: at(0)) }
            while case .emit(let delta, _) = exchange.next(now: at(0)) { emitted += "\(delta)" }
        }
        exchange.receivedEnd(now: at(0))
        guard case .end(.success(let outcome)) = exchange.next(now: at(0)) else {
            Issue.record("seed \(seed): \(exchange.next(now: at(0)))")
            return
        }
        #expect(outcome.content == "héllo wörld 🌍")
        #expect(outcome.thinking == "hm")
        #expect(outcome.toolCalls == [ToolCall(id: "c", name: "f", arguments: "{}")])
        #expect(emitted == #"thinking("hm")content("héllo ")content("wörld 🌍")"#)
    }
}
