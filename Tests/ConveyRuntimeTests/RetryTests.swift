import Conversation
import ConveyEngine
import EffectPort
import JournalReading
import JournalSupport
import Signals
import Testing

private func signal(_ id: String, _ type: String, _ data: String = "{}") -> Signal {
    Signal(id: id, source: "/test", type: type, subject: "c", data: Array(data.utf8))
}

private func message(_ id: String) -> Signal { signal(id, "conv.in.message.received", #"{"content":"\#(id)?"}"#) }

private func retry(_ id: String, _ data: String = "{}") -> Signal { signal(id, SignalType.answerRetryRequested, data) }

private let wrongKey = EffectReport.Event.failed(EffectFailure(.auth, "a wrong key"))
private let done = EffectReport.Event.completed(EffectResult(content: "done", finishReason: "stop"))

@Suite("Retry by hand")
struct RetryTests {
    /// Returns a conversation whose answer to `m` has failed.
    private func failed() throws -> Harness {
        let harness = try Harness()
        let attempt = try #require(try harness.take(message("m")).attempts.first)
        try harness.report(attempt, wrongKey)
        return harness
    }

    private func ask(_ harness: Harness, _ signals: Signal...) throws -> [EffectAttempt] {
        var attempts: [EffectAttempt] = []
        for signal in signals { attempts += try harness.take(signal).attempts }
        return try attempts + harness.settle()
    }

    private func checkVerification(_ harness: Harness) throws {
        let report = try JournalVerifier(source: SimulatedJournal(harness.disk)).verifyAll()
        #expect(report.difference == nil)
    }

    @Test func `A failed answer is retried as a new effect with the same input`() throws {
        let harness = try failed()
        let attempt = try #require(try ask(harness, retry("r")).first)
        #expect(attempt.effect.effectID == "llm-generation-r")
        #expect(attempt.effect.answers == "m")
        #expect(attempt.input == message("m").data)
        #expect(attempt.effect.attempt == 1)
        try checkVerification(harness)
        try harness.report(attempt, done)
        #expect(try harness.data("conv.out.assistant.completed")["metadata"]?["answers"]?.string == "m")
        #expect(try harness.data(SignalType.answerRetried)["failed_effect_id"]?.string == "llm-generation-m")
        #expect(harness.disk.effects.isEmpty)
        try checkVerification(harness)
    }

    @Test(arguments: [
        "{}", #"{"effect_id":"llm-generation-m"}"#, #"{"effect_id":"llm-generation-nobody"}"#,
        #"{"effect_id":"tool-execution-x-0"}"#, #"{"tool_call_id":"call"}"#,
    ])
    func `A retry of an answer that is unknown or has not failed causes only an audit signal`(data: String) throws {
        let harness = try Harness()
        let attempt = try #require(try harness.take(message("m")).attempts.first)
        #expect(try ask(harness, retry("early", data)).isEmpty)
        try harness.report(attempt, done)
        #expect(try ask(harness, retry("late", data)).isEmpty)
        #expect(harness.signals(SignalType.effectUnknownTarget).count == 2)
        #expect(harness.signals(SignalType.answerRetried).isEmpty)
        #expect(harness.disk.effects.isEmpty)
    }

    @Test func `Several requests cause one retry: at the same time, in sequence, and together with its end`() throws {
        let harness = try failed()
        var input = EngineInput()
        input.inbound = [.accepted(retry("r1")), .accepted(retry("r2"))]
        let first = try harness.engine.process(input, at: harness.time).attempts + harness.settle()
        #expect(first.count == 1)
        #expect(try ask(harness, retry("r3", #"{"effect_id":"llm-generation-m"}"#)).isEmpty)
        // One transaction contains the end of the answer and the next request.
        var end = EngineInput()
        end.inbound = [.accepted(retry("r4"))]
        end.reports = [EffectReport(try #require(first.first).effect, done)]
        #expect(try harness.engine.process(end, at: harness.time).attempts.isEmpty)
        #expect(try harness.settle().isEmpty)
        #expect(harness.signals(SignalType.effectUnknownTarget).count == 3)
        #expect(harness.signals("conv.out.assistant.completed").count == 1)
        try checkVerification(harness)
    }

    @Test func `A retry that fails can be retried`() throws {
        let harness = try failed()
        let second = try #require(try ask(harness, retry("r1")).first)
        try harness.report(second, wrongKey)
        #expect(try ask(harness, retry("old", #"{"effect_id":"llm-generation-m"}"#)).isEmpty)
        let third = try #require(try ask(harness, retry("r2", #"{"effect_id":"llm-generation-r1"}"#)).first)
        #expect(third.input == message("m").data && third.effect.answers == "m")
        #expect(third.idempotencyKey != second.idempotencyKey)
        try harness.report(third, done)
        try checkVerification(harness)
    }

    @Test func `A retry waits for the answer in progress, even across a restart`() throws {
        let harness = try failed()
        let busy = try #require(try harness.take(message("n")).attempts.first)
        #expect(try ask(harness, retry("r")).isEmpty)
        try checkVerification(harness)
        try harness.restart()
        let again = try #require(try harness.transact().attempts.first)
        #expect(again.effect.key == busy.effect.key)
        let attempts = try harness.report(again, done).attempts + harness.settle()
        #expect(attempts.map(\.effect.effectID) == ["llm-generation-r"])
    }

    @Test
    func `A generation after tool calls is retried in its round, and not while another answer calls tools`()
        throws
    {
        let harness = try Harness()
        let call = ToolCall(id: "call", name: "weather", arguments: "{}")
        let calls = EffectReport.Event.completed(
            EffectResult(content: "", finishReason: "tool_calls", toolCalls: [call]))
        let asked = try #require(try harness.take(message("m")).attempts.first)
        let tool = try #require(try harness.report(asked, calls).attempts.first)
        let second = try #require(
            try harness.report(tool, .completed(EffectResult(content: "18"))).attempts.first)
        try harness.report(second, wrongKey)

        let other = try #require(try harness.take(message("n")).attempts.first)
        let busy = try #require(try harness.report(other, calls).attempts.first)
        #expect(try ask(harness, retry("r", #"{"effect_id":"\#(second.effect.effectID)"}"#)).isEmpty)
        try harness.restart()
        let after = try harness.settle()
        #expect(after.map(\.effect.key) == [busy.effect.key])
        let last = try #require(
            try harness.report(after[0], .completed(EffectResult(content: "19"))).attempts.first)
        let retried = try #require((try harness.report(last, done).attempts + harness.settle()).first)
        #expect(retried.effect.answers == "m" && retried.toolRound == 1)
        try checkVerification(harness)
    }

    @Test func `A retry answers a message that no model has received`() throws {
        let harness = try Harness { $0.effects.turns.doubleTexting = .reject }
        let busy = try #require(try harness.take(message("m")).attempts.first)
        try harness.take(message("n"))
        try harness.report(busy, done)
        let attempt = try #require(try ask(harness, retry("r")).first)
        var context = LLMContextProjection(options: .request())
        for record in harness.disk.records where record.position <= attempt.contextThrough {
            guard case .signal(let signal) = record.content else { continue }
            context.apply(ProjectionEvent(signal, offset: record.offset))
        }
        // The message enters the context when its generation starts.
        for record in harness.disk.records where record.position > attempt.contextThrough {
            guard case .signal(let signal) = record.content else { continue }
            context.apply(ProjectionEvent(signal, offset: record.offset))
        }
        #expect(context.request().map(\.content) == ["m?", "done", "n?"])
    }
}
