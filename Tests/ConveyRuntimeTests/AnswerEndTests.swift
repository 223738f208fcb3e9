import Conversation
import ConveyEngine
import EffectPort
import Signals
import Testing

private let generation = "conv.effect.llm.generation"
private let execution = "conv.effect.tool.execution"

/// Every answer has an end that its readers can see, and says why it waits.
@Suite struct AnswerEndTests {
    private func signal(_ id: String, _ type: String, _ data: String, source: String = "/test") -> Signal {
        Signal(id: id, source: source, type: type, subject: "c", data: Array(data.utf8))
    }

    private func ask(_ harness: Harness, _ id: String = "m") throws -> EffectAttempt {
        let message = signal(id, "conv.in.message.received", #"{"content":"hi"}"#)
        return try #require(try harness.take(message).attempts.first)
    }

    private func result(_ content: String, _ reason: String?, _ calls: [ToolCall] = []) -> EffectReport.Event {
        .completed(EffectResult(content: content, finishReason: reason, toolCalls: calls))
    }

    private static let weather = ToolCall(id: "call-1", name: "weather", arguments: "{}")

    @Test(
        "An answer without text has no text, and no placeholder",
        arguments: ["", " ", "\n\t", "\u{a0}"], ["stop", "length", "content_filter"])
    func noText(content: String, reason: String) throws {
        let harness = try Harness()
        try harness.report(
            try ask(harness), .delta(EffectDelta("hm", kind: .thinking)), result(content, reason))
        let end = try harness.data("conv.out.assistant.completed")
        #expect(end["content"] == .string(""))
        #expect(end["finish_reason"] == .string(reason))
    }

    @Test("The finish reason tool_calls is published only where calls follow", arguments: ["", "Let me see."])
    func noCalls(content: String) throws {
        let harness = try Harness()
        try harness.report(try ask(harness), result(content, "tool_calls"))
        #expect(try harness.data("conv.out.assistant.completed")["finish_reason"] == .string("stop"))
        #expect(try harness.data("\(generation).completed")["finish_reason"] == .string("stop"))
        #expect(try ask(harness, "next").effect.causeID == "next")
    }

    @Test(
        "A call without a name or an id fails the attempt, and no call beside it is made",
        arguments: [
            ToolCall(id: "call-2", name: "", arguments: "{}"), ToolCall(id: "", name: "clock", arguments: "{}"),
        ])
    func unusableCalls(call: ToolCall) throws {
        let harness = try Harness { $0.effects.llm.maxAttempts = 2 }
        var attempt = try ask(harness)
        #expect(try harness.report(attempt, result("", "tool_calls", [Self.weather, call])).attempts.isEmpty)
        attempt = try #require(try harness.pass(60_000).attempts.first)
        #expect(attempt.effect.effectClass == .llm)
        try harness.report(attempt, result("", "tool_calls", [call]))
        #expect(harness.signals("\(execution).started").isEmpty)
        #expect(try harness.data("conv.out.assistant.failed")["code"] == .string("invalid_tool_calls"))
        #expect(harness.disk.effects.isEmpty)
    }

    @Test(
        "An answer continues when somebody else publishes the end of its call",
        arguments: ["completed", "failed", "canceled"])
    func callsEndedFromOutside(lifecycle: String) throws {
        let harness = try Harness()
        let tool = try #require(
            try harness.report(try ask(harness), result("", "tool_calls", [Self.weather])).attempts.first)
        let end = signal(
            "x", "\(execution).\(lifecycle)",
            #"{"effect_id":"\#(tool.effect.effectID)","lifecycle":"\#(lifecycle)","tool_call_id":"call-1"}"#,
            source: "/runner")
        let output = try harness.take(end)
        #expect(output.stops == [tool.effect.key])
        #expect(output.attempts.map(\.toolRound) == [1])
        // The call's own end comes too late, and changes nothing.
        #expect(try harness.report(tool, .completed(EffectResult(content: "late"))).attempts.isEmpty)
        try harness.report(output.attempts[0], result("done", "stop"))
        #expect(try harness.data("conv.out.assistant.completed")["content"] == .string("done"))
        try harness.restart()
        #expect(try harness.engine.state(ofSubject: "c")?.toolLoop == nil)
    }

    // MARK: Waiting

    @Test("An answer that waits for its next attempt says why, and until when")
    func waiting() throws {
        let harness = try Harness { $0.effects.llm.backoffLimit = .seconds(30) }
        let attempt = try ask(harness)
        try harness.report(
            attempt, .failed(EffectFailure(.provider, "answered 429: slow down", retryAfter: .seconds(7))))
        let waiting = try harness.data("conv.out.assistant.waiting")
        #expect(waiting["effect_id"] == .string(attempt.effect.effectID))
        #expect(waiting["output_id"] == .string("assistant-\(attempt.effect.effectID)"))
        #expect(waiting["attempt"] == .integer("1"))
        #expect(waiting["reason"] == .string("provider"))
        #expect(waiting["message"] == .string("answered 429: slow down"))
        #expect(waiting["retry_in_ms"] == .integer("7000"))
        #expect(waiting["retry_after_ms"] == .integer("7000"))
        #expect(waiting["retry_at"]?.string?.hasPrefix("2023-11-14T22:13:27") == true)
        #expect(try harness.pass(6_999).attempts.isEmpty)
        #expect(try harness.pass(1).attempts.count == 1)
    }

    @Test("Retry-After is honored up to the longest pause", arguments: [31, 3_600, 86_400])
    func longRetryAfter(seconds: Int) throws {
        let harness = try Harness { $0.effects.llm.backoffLimit = .seconds(30) }
        try harness.report(
            try ask(harness), .failed(EffectFailure(.provider, "429", retryAfter: .seconds(seconds))))
        let waiting = try harness.data("conv.out.assistant.waiting")
        #expect(waiting["retry_in_ms"] == .integer("30000"))
        #expect(waiting["retry_after_ms"] == .integer("\(seconds * 1_000)"))
        #expect(try harness.pass(29_999).attempts.isEmpty)
        #expect(try harness.pass(1).attempts.count == 1)
    }

    @Test("The failure of the last attempt is the end, without a wait")
    func lastAttempt() throws {
        let harness = try Harness { $0.effects.llm.maxAttempts = 1 }
        try harness.report(
            try ask(harness), .failed(EffectFailure(.provider, "429", retryAfter: .seconds(5))))
        #expect(harness.signals("conv.out.assistant.waiting").isEmpty)
        #expect(harness.signals("conv.out.assistant.failed").count == 1)
    }

    @Test("A generation after tool calls names the message that waits")
    func waitingBehindTools() throws {
        let harness = try Harness()
        let tool = try #require(
            try harness.report(try ask(harness), result("", "tool_calls", [Self.weather])).attempts.first)
        let second = try #require(try harness.report(tool, .completed(EffectResult(content: "18"))).attempts.first)
        try harness.report(second, .failed(EffectFailure(.transport, "refused")))
        #expect(try harness.data("conv.out.assistant.waiting")["metadata"]?["answers"] == .string("m"))
        // A tool that waits is not reported to readers of answers.
        #expect(harness.signals("conv.out.assistant.waiting").count == 1)
    }
}
