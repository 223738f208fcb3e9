import Conversation
import ConveyEngine
import EffectPort
import Signals
import Testing

private func message(_ id: String, _ data: String = #"{"content":"hi"}"#) -> Signal {
    Signal(id: id, source: "/test", type: "conv.in.message.received", subject: "c", data: Array(data.utf8))
}

private let generation = "conv.effect.llm.generation"
private let away = EffectReport.Event.failed(
    EffectFailure(.transport, "the model could not be reached", isUnavailable: true))

/// docs/adr/0039-patience.md
@Suite struct PatienceTests {
    /// Reports the model or tool as unavailable until no attempt follows.
    /// - Returns: the elapsed milliseconds.
    private func meetNothing(_ harness: Harness, _ first: EffectAttempt, restarting: Bool = false) throws -> Int64 {
        var attempt: EffectAttempt? = first
        let start = harness.time.monotonic
        while let current = attempt {
            try harness.report(current, away)
            if restarting { try harness.restart() }
            guard harness.disk.effects[current.effect.key] != nil else { break }
            let due = try #require(harness.engine.nextTimeout())
            attempt = try harness.pass(due - harness.time.monotonic).attempts.first
        }
        return harness.time.monotonic - start
    }

    @Test func `An unavailable model uses up no attempt`() throws {
        let harness = try Harness { $0.effects.llm.maxAttempts = 2 }
        var attempt = try #require(try harness.take(message("m")).attempts.first)
        for _ in 0..<6 {
            try harness.report(attempt, away)
            attempt = try #require(try harness.pass(30_000).attempts.first)
        }
        try harness.report(attempt, .failed(EffectFailure(.provider, "one")))
        attempt = try #require(try harness.pass(30_000).attempts.first)
        try harness.report(attempt, .completed(EffectResult(content: "done")))
        #expect(harness.signals("\(generation).completed").count == 1)
    }

    @Test func `An effect tries until the end of unavailable_for, and its failure states the attempts and the time`()
        throws
    {
        let harness = try Harness { $0.effects.llm.unavailableFor = .seconds(60) }
        let first = try #require(try harness.take(message("m")).attempts.first)
        #expect(try meetNothing(harness, first) == 60_000)
        let failed = try harness.data("\(generation).failed")
        #expect(failed["code"]?.string == "unavailable")
        #expect(failed["category"]?.string == "transport")
        #expect(failed["message"]?.string?.contains("attempts in 60 s") == true)
        // Pauses double up to 30 s, so that an outage does not fill the journal.
        #expect(harness.signals("conv.out.assistant.waiting").count < 12)
    }

    @Test func `With unavailable_for 0, unavailability counts like any other failure`() throws {
        let harness = try Harness {
            $0.effects.llm.unavailableFor = .zero
            $0.effects.llm.maxAttempts = 2
        }
        var attempt = try #require(try harness.take(message("m")).attempts.first)
        try harness.report(attempt, away)
        attempt = try #require(try harness.pass(1_000).attempts.first)
        try harness.report(attempt, away)
        #expect(try harness.data("\(generation).failed")["message"]?.string == "the model could not be reached")
    }

    @Test func `A message may shorten the wait`() throws {
        let harness = try Harness()
        let first = try #require(
            try harness.take(message("m", #"{"effect_policy":{"unavailable_for_ms":2000}}"#)).attempts.first)
        #expect(try meetNothing(harness, first) == 2_000)
    }

    @Test func `After a restart, the wait so far counts and the downtime does not`() throws {
        let harness = try Harness { $0.effects.llm.unavailableFor = .seconds(60) }
        let first = try #require(try harness.take(message("m")).attempts.first)
        #expect(try meetNothing(harness, first, restarting: true) == 60_000)

        let other = try Harness { $0.effects.llm.unavailableFor = .seconds(60) }
        var attempt = try #require(try other.take(message("m")).attempts.first)
        try other.report(attempt, away)
        // Convey does not run for a day.
        other.time = EngineTime(wall: other.time.wall + 86_400_000_000, monotonic: 0)
        try other.restart()
        attempt = try #require(try other.transact().attempts.first)
        try other.report(attempt, away)
        #expect(other.signals("\(generation).failed").isEmpty)
        let waits = try other.signals("conv.out.assistant.waiting").map { try JSONValue($0.data)["since"]?.string }
        #expect(waits.count == 2 && waits[0] == waits[1])
    }

    @Test func `Restarts during a wait use up no attempts and do not count as interruptions`() throws {
        let harness = try Harness { $0.effects.llm.maxAttempts = 1 }
        var attempt = try #require(try harness.take(message("m")).attempts.first)
        for _ in 0..<40 {
            try harness.report(attempt, away)
            try harness.restart()
            attempt = try #require(try harness.pass(1_000).attempts.first)
            try harness.report(attempt, .delta(EffectDelta("it is there ")))
            try harness.report(attempt, away)
            attempt = try #require(try harness.pass(1_000).attempts.first)
        }
        #expect(harness.signals("\(generation).failed").isEmpty)
    }

    @Test func `An effect fails after 20 attempts that a restart interrupted, even with a wait in between`() throws {
        let harness = try Harness { $0.effects.llm.maxAttempts = 1 }
        var attempt = try #require(try harness.take(message("m")).attempts.first)
        var ends = 0
        while harness.signals("\(generation).failed").isEmpty, ends < 100 {
            if ends == 7 {
                try harness.report(attempt, away)
                attempt = try #require(try harness.pass(1_000).attempts.first)
            }
            ends += 1
            try harness.restart()
            guard let next = try harness.pass(1_000).attempts.first else { break }
            attempt = next
        }
        #expect(ends == 20)
        #expect(try harness.data("\(generation).failed")["message"]?.string?.contains("20 times") == true)
    }

    @Test func `A tool call waits as long as one attempt may take, and its status shows the wait`() throws {
        let harness = try Harness { $0.effects.tools["weather"] = ToolPolicy(timeout: .seconds(10)) }
        let call = ToolCall(id: "call", name: "weather", arguments: "{}")
        let asked = try #require(try harness.take(message("m")).attempts.first)
        let output = try harness.report(
            asked, .completed(EffectResult(content: "", finishReason: "tool_calls", toolCalls: [call])))
        let first = try #require(output.attempts.first)
        #expect(try meetNothing(harness, first) == 10_000)
        let waiting = try harness.signals("conv.out.tool.status").map { try JSONValue($0.data) }.first {
            $0["status"]?.string == "waiting"
        }
        #expect(waiting?["tool_name"]?.string == "weather")
        #expect(waiting?["unavailable"]?.bool == true)
        #expect(waiting?["retry_at"]?.string != nil && waiting?["since"]?.string != nil)
    }

    @Test func `A new worker ends the wait of calls of its tool, and of no other tool`() throws {
        let harness = try Harness()
        let calls = ["weather", "refund"].map { ToolCall(id: "call-\($0)", name: $0, arguments: "{}") }
        let asked = try #require(try harness.take(message("m")).attempts.first)
        let output = try harness.report(
            asked, .completed(EffectResult(content: "", finishReason: "tool_calls", toolCalls: calls)))
        for attempt in output.attempts { try harness.report(attempt, away) }
        var input = EngineInput()
        input.availableTools = ["weather"]
        #expect(!input.isEmpty)
        let next = try harness.engine.process(input, at: harness.time).attempts
        #expect(next.map(\.call?.name) == ["weather"])
    }
}
