import Conversation
import ConveyEngine
import EffectPort
import Signals
import Testing

private func signal(_ id: String, _ type: String, _ data: String = "{}", subject: String = "c") -> Signal {
    Signal(id: id, source: "/test", type: type, subject: subject, data: Array(data.utf8))
}

private func message(_ id: String, _ data: String = #"{"content":"hi"}"#) -> Signal {
    signal(id, "conv.in.message.received", data)
}

private let generation = "conv.effect.llm.generation"
private let execution = "conv.effect.tool.execution"

@Suite struct AttemptTests {
    @Test func `After a failed attempt and a pause comes another, with the same idempotency key`() throws {
        let harness = try Harness { $0.effects.llm.backoff = .milliseconds(1_000) }
        let first = try #require(try harness.take(message("m")).attempts.first)
        try harness.report(first, .delta(EffectDelta("half an ")), .failed(EffectFailure(.provider, "overloaded")))
        #expect(try harness.data("conv.audit.effect.attempt_failed")["reason"]?.string == "provider")
        #expect(try harness.pass(400).attempts.isEmpty)
        let second = try #require(try harness.pass(700).attempts.first)
        #expect(second.effect.attempt == 2)
        #expect(second.idempotencyKey == first.idempotencyKey)
        #expect(try harness.data("\(generation).started", 1)["reset"]?.bool == true)
        #expect(try harness.data("conv.out.assistant.reset")["attempt"] == .integer("2"))
        try harness.report(second, .completed(EffectResult(content: "done")))
        #expect(harness.signals("\(generation).completed").count == 1)
        #expect(harness.disk.effects.isEmpty)
    }

    @Test func `Without output there is no reset`() throws {
        let harness = try Harness()
        let first = try #require(try harness.take(message("m")).attempts.first)
        try harness.report(first, .failed(EffectFailure(.transport, "refused")))
        try harness.pass(1_000)
        #expect(try harness.data("\(generation).started", 1)["reset"] == nil)
        #expect(harness.signals("conv.out.assistant.reset").isEmpty)
    }

    @Test func `An effect fails once, after its last attempt`() throws {
        let harness = try Harness { $0.effects.llm.maxAttempts = 2 }
        var attempt = try #require(try harness.take(message("m")).attempts.first)
        try harness.report(attempt, .failed(EffectFailure(.provider, "one")))
        attempt = try #require(try harness.pass(1_000).attempts.first)
        try harness.report(attempt, .delta(EffectDelta("text")), .failed(EffectFailure(.provider, "two")))
        #expect(try harness.data("\(generation).failed")["message"]?.string == "two")
        #expect(try harness.data("conv.out.assistant.failed")["content"]?.string == "text")
        #expect(try harness.pass(60_000).attempts.isEmpty)
    }

    @Test(arguments: [EffectFailure.Category.config, .auth, .canceled, .unknown])
    func `A failure that another attempt cannot cure is not retried`(category: EffectFailure.Category) throws {
        let harness = try Harness()
        let attempt = try #require(try harness.take(message("m")).attempts.first)
        try harness.report(attempt, .failed(EffectFailure(category, "no")))
        #expect(try harness.data("\(generation).failed")["category"]?.string == category.rawValue)
        #expect(try harness.data("\(generation).failed")["attempt"] == .integer("1"))
    }

    @Test func `Retry-After is honored`() throws {
        let harness = try Harness()
        let attempt = try #require(try harness.take(message("m")).attempts.first)
        try harness.report(attempt, .failed(EffectFailure(.provider, "429", retryAfter: .seconds(20))))
        #expect(try harness.pass(19_900).attempts.isEmpty)
        #expect(try harness.pass(200).attempts.count == 1)
    }

    @Test func `An attempt that takes too long is stopped and retried`() throws {
        let harness = try Harness { $0.effects.llm.timeout = .seconds(5) }
        let attempt = try #require(try harness.take(message("m")).attempts.first)
        #expect(try harness.pass(5_000).stops.isEmpty)
        #expect(try harness.pass(2_001).stops == [attempt.effect.key])
        #expect(try harness.data("conv.audit.effect.attempt_failed")["reason"]?.string == "timeout")
        #expect(try harness.pass(1_000).attempts.first?.effect.attempt == 2)
    }

    @Test func `A message's effect_policy holds within the bounds`() throws {
        let harness = try Harness()
        let attempt = try #require(
            try harness.take(message("m", #"{"effect_policy":{"max_attempts":1,"timeout_ms":900}}"#)).attempts.first)
        #expect(attempt.limits.timeout == .milliseconds(900))
        try harness.report(attempt, .failed(EffectFailure(.provider, "once")))
        #expect(harness.signals("\(generation).failed").count == 1)
    }

    @Test(arguments: [
        #"{"note":"\#(String(repeating: "x", count: 5_000))"}"#, #""fast""#, "[]", #"{"max_attempts":0}"#,
        #"{"max_attempts":11}"#, #"{"timeout_ms":"1"}"#,
        #"{"backoff_ms":-1}"#, #"{"timeout_ms":1e300}"#, #"{"idle_timeout_ms":99999999999999999999}"#,
    ])
    func `A bad effect_policy rejects the effect`(policy: String) throws {
        let harness = try Harness()
        let output = try harness.take(message("m", #"{"effect_policy":\#(policy)}"#))
        #expect(output.attempts.isEmpty)
        let failed = try harness.data("\(generation).failed")
        #expect(failed["category"]?.string == "config")
        #expect(failed["message"]?.string?.contains("effect_policy") == true)
        #expect(harness.disk.effects.isEmpty)
    }

    @Test func `After a restart, an effect continues with its next attempt and resets the streamed text`() throws {
        let harness = try Harness()
        let first = try #require(try harness.take(message("m")).attempts.first)
        try harness.report(first, .delta(EffectDelta("half")))
        try harness.restart()
        let second = try #require(try harness.transact().attempts.first)
        #expect(second.effect.attempt == 2)
        #expect(second.idempotencyKey == first.idempotencyKey)
        #expect(harness.signals("conv.out.assistant.reset").count == 1)
    }

    @Test func `A class may let an effect fail at a restart, and keeps the text`() throws {
        let harness = try Harness { $0.effects.llm.afterRestart = .fail }
        let first = try #require(try harness.take(message("m")).attempts.first)
        try harness.report(first, .delta(EffectDelta("half ")), .delta(EffectDelta("an answer")))
        try harness.restart()
        #expect(try harness.transact().attempts.isEmpty)
        let failed = try harness.data("\(generation).failed")
        #expect(failed["content"]?.string == "half an answer")
        #expect(failed["attempt"] == .integer("1"))
    }

    @Test func `An abort right after a restart keeps the text streamed before`() throws {
        let harness = try Harness()
        let first = try #require(try harness.take(message("m")).attempts.first)
        try harness.report(first, .delta(EffectDelta("half ")), .delta(EffectDelta("an answer")))
        try harness.restart()
        try harness.take(signal("a", "conv.in.control.abort_requested"))
        #expect(try harness.data("\(generation).canceled")["content"]?.string == "half an answer")
        #expect(try harness.data("conv.out.assistant.canceled")["content"]?.string == "half an answer")
    }

    @Test func `A pause between attempts survives a restart`() throws {
        let harness = try Harness()
        let first = try #require(try harness.take(message("m")).attempts.first)
        try harness.report(first, .failed(EffectFailure(.provider, "429", retryAfter: .seconds(20))))
        try harness.restart()
        #expect(try harness.pass(19_000).attempts.isEmpty)
        #expect(try harness.pass(1_100).attempts.count == 1)
    }

    @Test func `A result after the end is recorded as an audit signal and changes nothing`() throws {
        let harness = try Harness()
        let attempt = try #require(try harness.take(message("m")).attempts.first)
        try harness.take(signal("a", "conv.in.control.abort_requested"))
        try harness.report(attempt, .completed(EffectResult(content: "too late")))
        #expect(harness.signals("\(generation).completed").isEmpty)
        let late = try harness.data("conv.audit.effect.late_result")
        #expect(late["content"]?.string == "too late")
        #expect(late["effect_id"]?.string == "llm-generation-m")
    }

    @Test func `Reports of an older attempt do not end the effect`() throws {
        let harness = try Harness()
        let first = try #require(try harness.take(message("m")).attempts.first)
        try harness.report(first, .failed(EffectFailure(.provider, "one")))
        let second = try #require(try harness.pass(1_000).attempts.first)
        try harness.report(first, .completed(EffectResult(content: "stale")))
        #expect(harness.signals("\(generation).completed").isEmpty)
        try harness.report(second, .completed(EffectResult(content: "fresh")))
        #expect(try harness.data("\(generation).completed")["content"]?.string == "fresh")
    }

    @Test func `An end published from outside ends the effect`() throws {
        let harness = try Harness()
        let attempt = try #require(try harness.take(message("m")).attempts.first)
        let output = try harness.take(
            signal("x", "\(generation).completed", #"{"effect_id":"llm-generation-m","lifecycle":"completed"}"#))
        #expect(output.stops == [attempt.effect.key])
        #expect(harness.disk.effects.isEmpty)
        try harness.report(attempt, .completed(EffectResult(content: "mine")))
        #expect(harness.signals("\(generation).completed").count == 1)
    }

    @Test func `One effect can be canceled by its id, and an unknown id is reported`() throws {
        let harness = try Harness()
        let attempt = try #require(try harness.take(message("m")).attempts.first)
        let cancel = "conv.in.effect.cancel_requested"
        let output = try harness.take(signal("x", cancel, #"{"effect_id":"llm-generation-m","reason":"enough"}"#))
        #expect(output.stops == [attempt.effect.key])
        #expect(try harness.data("\(generation).canceled")["reason"]?.string == "enough")
        try harness.take(signal("y", cancel, #"{"effect_id":"llm-generation-m"}"#))
        #expect(try harness.data("conv.audit.effect.unknown_target")["signal_id"]?.string == "y")
    }

    @Test func `Thinking is separate from the answer, and a blank delta is text`() throws {
        let harness = try Harness()
        let attempt = try #require(try harness.take(message("m")).attempts.first)
        try harness.report(
            attempt, .delta(EffectDelta("hm", kind: .thinking)), .delta(EffectDelta("\n\n")),
            .completed(EffectResult(content: "\n\n")))
        #expect(try harness.data("conv.out.assistant.thinking")["delta"]?.string == "hm")
        #expect(try harness.data("conv.out.assistant.delta")["delta"]?.string == "\n\n")
        #expect(harness.signals("conv.out.assistant.delta").count == 1)
    }
}

@Suite struct TurnTests {
    private func configure(_ mode: String) -> Signal {
        signal("config", "conv.in.conversation.configured", #"{"llm":{"double_texting":"\#(mode)"}}"#)
    }

    @Test func `A second message waits until the first is answered`() throws {
        let harness = try Harness()
        let first = try #require(try harness.take(message("m1")).attempts.first)
        #expect(try harness.take(message("m2")).attempts.isEmpty)
        let second = try harness.report(first, .completed(EffectResult(content: "one"))).attempts
        #expect(second.map(\.effect.causeID) == ["m2"])
    }

    @Test func `Other conversations do not wait`() throws {
        let harness = try Harness()
        try harness.take(message("m1"))
        let other = signal("m", "conv.in.message.received", subject: "d")
        #expect(try harness.take(other).attempts.count == 1)
    }

    @Test func `With interrupt the answer is cut off with its text, and the next one starts`() throws {
        let harness = try Harness { $0.effects.turns.doubleTexting = .interrupt }
        let first = try #require(try harness.take(message("m1")).attempts.first)
        try harness.report(first, .delta(EffectDelta("par")))
        let output = try harness.take(message("m2"))
        #expect(output.stops == [first.effect.key])
        #expect(output.attempts.map(\.effect.causeID) == ["m2"])
        #expect(try harness.data("\(generation).canceled")["content"]?.string == "par")
    }

    @Test func `With reject the second message is not answered`() throws {
        let harness = try Harness()
        try harness.take(configure("reject"))
        let first = try #require(try harness.take(message("m1")).attempts.first)
        #expect(try harness.take(message("m2")).attempts.isEmpty)
        #expect(try harness.data("conv.out.assistant.failed")["code"]?.string == "double_texting_rejected")
        try harness.report(first, .completed(EffectResult(content: "one")))
        #expect(try harness.take(message("m3")).attempts.count == 1)
    }

    @Test func `With merge, messages that come together have one answer`() throws {
        let harness = try Harness {
            $0.effects.turns = TurnSettings(doubleTexting: .merge, mergeWindow: .milliseconds(500))
        }
        #expect(try harness.take(message("m1")).attempts.isEmpty)
        try harness.pass(400)
        try harness.take(message("m2"))
        #expect(try harness.pass(400).attempts.isEmpty)
        let attempts = try harness.pass(200).attempts
        #expect(attempts.map(\.effect.causeID) == ["m2"])
        #expect(try harness.data("\(generation).canceled")["reason"]?.string == "merged into m2")
        // During the answer they collect behind it.
        try harness.take(message("m3"))
        try harness.take(message("m4"))
        try harness.pass(1_000)
        try harness.report(attempts[0], .completed(EffectResult(content: "both")))
        #expect(try harness.pass(1).attempts.map(\.effect.causeID) == ["m4"])
    }

    @Test func `A message right after its conversation's settings is answered with them`() throws {
        let harness = try Harness()
        let first = try #require(try harness.take(message("m1")).attempts.first)
        let output = try harness.take(configure("interrupt"), message("m2"))
        #expect(output.stops == [first.effect.key])
    }

    @Test func `An invalid setting of a conversation is reported, not guessed`() throws {
        let harness = try Harness()
        try harness.take(configure("often"))
        #expect(try harness.take(message("m")).attempts.isEmpty)
        #expect(try harness.data("\(generation).failed")["message"]?.string?.contains("double_texting") == true)
    }

    @Test func `After a restart the order of the answers is the same`() throws {
        let harness = try Harness()
        try harness.take(message("m1"))
        try harness.take(message("m2"), message("m3"))
        try harness.restart()
        for id in ["m1", "m2", "m3"] {
            let attempts = try harness.settle()
            try #require(attempts.map(\.effect.causeID) == [id])
            var input = EngineInput()
            input.reports = [EffectReport(attempts[0].effect, .completed(EffectResult(content: id)))]
            input.applications = 0
            _ = try harness.engine.process(input, at: harness.time)
        }
    }
}

@Suite struct ToolLoopTests {
    private static let calls = [
        ToolCall(id: "call-1", name: "weather", arguments: #"{"city":"Rome"}"#),
        ToolCall(id: "call-2", name: "clock", arguments: "{}"),
    ]

    private func callsTools(_ harness: Harness, _ attempt: EffectAttempt, _ calls: [ToolCall] = calls) throws
        -> EngineOutput
    {
        try harness.report(attempt, .completed(EffectResult(content: "", finishReason: "tool_calls", toolCalls: calls)))
    }

    @Test func `Tool calls run side by side, and the next generation starts when all have ended`() throws {
        let harness = try Harness()
        let first = try #require(
            try harness.take(message("m", #"{"effect_policy":{"max_attempts":1}}"#)).attempts.first)
        let tools = try callsTools(harness, first).attempts
        #expect(tools.map(\.call) == Self.calls.map { $0 })
        #expect(harness.signals("conv.out.assistant.completed").isEmpty)
        #expect(try harness.report(tools[1], .completed(EffectResult(content: "noon"))).attempts.isEmpty)
        let next = try harness.report(tools[0], .failed(EffectFailure(.config, "no such city"))).attempts
        #expect(next.map(\.toolRound) == [1])
        #expect(next.first?.effect.effectClass == .llm)
        #expect(next.first?.effect.policy == Array(#"{"max_attempts":1}"#.utf8))
        try harness.report(next[0], .completed(EffectResult(content: "It is noon.")))
        #expect(try harness.data("conv.out.assistant.completed")["content"]?.string == "It is noon.")
        #expect(harness.disk.effects.isEmpty)
        #expect(try harness.engine.state(ofSubject: "c")?.toolLoop == nil)
    }

    @Test func `A message waits for the whole answer, tool calls included, across restarts`() throws {
        let harness = try Harness()
        let first = try #require(try harness.take(message("m1")).attempts.first)
        try harness.take(message("m2"))
        var tools = try callsTools(harness, first).attempts
        #expect(tools.allSatisfy { $0.effect.effectClass == .tool })
        try harness.restart()
        tools = try harness.transact().attempts
        #expect(tools.map(\.call?.id) == ["call-1", "call-2"])
        try harness.report(tools[0], .completed(EffectResult(content: "1")))
        let next = try harness.report(tools[1], .completed(EffectResult(content: "2"))).attempts
        #expect(next.map(\.toolRound) == [1])
        let last = try harness.report(next[0], .completed(EffectResult(content: "done"))).attempts
        #expect(last.map(\.effect.causeID) == ["m2"])
    }

    @Test func `A restart between the last tool's end and the next generation changes nothing`() throws {
        let harness = try Harness()
        let first = try #require(try harness.take(message("m1")).attempts.first)
        try harness.take(message("m2"))
        let tools = try callsTools(harness, first, [Self.calls[0]]).attempts
        var input = EngineInput()
        input.reports = [EffectReport(tools[0].effect, .completed(EffectResult(content: "1")))]
        input.applications = 0
        #expect(try harness.engine.process(input, at: harness.time).attempts.isEmpty)
        try harness.restart()
        #expect(try harness.transact().attempts.map(\.toolRound) == [1])
    }

    @Test func `The rounds of an answer are bounded`() throws {
        let harness = try Harness { $0.effects.turns.maxToolRounds = 1 }
        let first = try #require(try harness.take(message("m")).attempts.first)
        let tool = try callsTools(harness, first, [Self.calls[0]]).attempts[0]
        let second = try harness.report(tool, .completed(EffectResult(content: "1"))).attempts[0]
        #expect(try callsTools(harness, second).attempts.isEmpty)
        #expect(try harness.data("\(generation).failed")["code"]?.string == "max_tool_rounds")
    }

    @Test func `An abort ends all calls and the answer`() throws {
        let harness = try Harness()
        let first = try #require(try harness.take(message("m")).attempts.first)
        let tools = try callsTools(harness, first).attempts
        let output = try harness.take(signal("a", "conv.in.control.abort_requested"))
        #expect(Set(output.stops) == Set(tools.map(\.effect.key)))
        #expect(harness.signals("\(execution).canceled").count == 2)
        #expect(try harness.transact().attempts.isEmpty)
        #expect(try harness.take(message("m2")).attempts.map(\.effect.causeID) == ["m2"])
    }

    @Test func `An answer continues after one of its calls is canceled`() throws {
        let harness = try Harness()
        let first = try #require(try harness.take(message("m")).attempts.first)
        let tools = try callsTools(harness, first).attempts
        try harness.take(signal("x", "conv.in.effect.cancel_requested", #"{"tool_call_id":"call-1"}"#))
        let next = try harness.report(tools[1], .completed(EffectResult(content: "noon"))).attempts
        #expect(next.map(\.toolRound) == [1])
    }

    @Test func `A call that needs approval waits for it, across restarts`() throws {
        let harness = try Harness { $0.effects.tools["weather"] = ToolPolicy(requiresApproval: true) }
        let first = try #require(try harness.take(message("m")).attempts.first)
        #expect(try callsTools(harness, first).attempts.map(\.call?.name) == ["clock"])
        let request = try harness.data("conv.out.tool.approval_requested")
        #expect(request["arguments"]?.string == #"{"city":"Rome"}"#)
        try harness.restart()
        #expect(try harness.transact().attempts.map(\.call?.name) == ["clock"])
        let effect = try #require(request["effect_id"]?.string)
        let allowed = try harness.take(signal("yes", "conv.in.tool.approved", #"{"effect_id":"\#(effect)"}"#))
        #expect(try (allowed.attempts + harness.settle()).map(\.call?.name) == ["weather"])
    }

    @Test func `A denied call fails, and the model gets the failure`() throws {
        let harness = try Harness { $0.effects.tools["weather"] = ToolPolicy(requiresApproval: true) }
        let first = try #require(try harness.take(message("m")).attempts.first)
        #expect(try callsTools(harness, first, [Self.calls[0]]).attempts.isEmpty)
        let denied = signal("no", "conv.in.tool.denied", #"{"tool_call_id":"call-1","reason":"too expensive"}"#)
        #expect(try harness.take(denied).attempts.map(\.toolRound) == [1])
        let failed = try harness.data("\(execution).failed")
        #expect(failed["message"]?.string == "the call was denied: too expensive")
        #expect(failed["tool_call_id"]?.string == "call-1")
    }

    @Test func `Tool calls reported from outside are not run by Convey`() throws {
        let harness = try Harness()
        try harness.take(
            signal(
                "x", "\(generation).completed",
                #"{"effect_id":"e","lifecycle":"completed","tool_calls":[{"id":"1","name":"rm","arguments":"{}"}]}"#))
        #expect(harness.signals("\(execution).started").isEmpty)
    }
}

@Suite struct TimerTests {
    private func tick(_ id: String, _ data: String) -> Signal { signal(id, "conv.in.timer.tick", data) }
    private let completed = "conv.effect.timer.wait.completed"

    @Test func `A timer fires once, when it is due, across restarts`() throws {
        let harness = try Harness()
        try harness.take(tick("t", #"{"delay_ms":5000}"#))
        #expect(try harness.data("conv.effect.timer.wait.started")["fire_at"]?.string != nil)
        try harness.restart()
        try harness.pass(4_999)
        #expect(harness.signals(completed).isEmpty)
        try harness.pass(1)
        #expect(harness.signals(completed).count == 1)
        try harness.restart()
        try harness.pass(10_000)
        #expect(harness.signals(completed).count == 1)
        #expect(harness.disk.effects.isEmpty)
    }

    @Test func `A timer that fell due while Convey was down fires at the start`() throws {
        let harness = try Harness()
        try harness.take(tick("t", #"{"delay_ms":5000}"#))
        harness.time.wall += 60_000_000
        try harness.restart()
        try harness.transact()
        #expect(harness.signals(completed).count == 1)
    }

    @Test func `A jump of the wall clock does not fire a running timer`() throws {
        let harness = try Harness()
        try harness.take(tick("t", #"{"delay_ms":5000}"#))
        harness.time.wall += 3_600_000_000
        try harness.transact()
        #expect(harness.signals(completed).isEmpty)
        harness.time.wall -= 7_200_000_000
        harness.time.monotonic += 5_001
        try harness.transact()
        #expect(harness.signals(completed).count == 1)
    }

    @Test(arguments: [
        (#"{"fire_at":"2023-11-14T22:13:30Z"}"#, 10_000), (#"{"fire_at":"2023-11-15T00:13:30.5+02:00"}"#, 10_500),
        (#"{"fire_at":1700000010000}"#, 10_000),
    ])
    func `A time can be given in several ways`(data: String, milliseconds: Int64) throws {
        let harness = try Harness()
        try harness.take(tick("t", data))
        try harness.pass(milliseconds - 1)
        #expect(harness.signals(completed).isEmpty)
        try harness.pass(1)
        #expect(harness.signals(completed).count == 1)
    }

    @Test(arguments: [
        "{}", #"{"delay_ms":-1}"#, #"{"delay_ms":"5"}"#, #"{"fire_at":"tomorrow"}"#,
        #"{"fire_at":"2023-02-30T00:00:00Z"}"#,
        #"{"fire_at":99999999999999999}"#, #"{"delay_ms":1.5}"#,
    ])
    func `A timer without a valid time fails and says what it needs`(data: String) throws {
        let harness = try Harness()
        try harness.take(tick("t", data))
        #expect(try harness.data("conv.effect.timer.wait.failed")["category"]?.string == "config")
        #expect(harness.disk.effects.isEmpty)
    }

    @Test func `Timers are canceled one by one and with their conversation`() throws {
        let harness = try Harness()
        for id in ["t1", "t2", "t3"] { try harness.take(tick(id, #"{"delay_ms":5000}"#)) }
        try harness.take(signal("x", "conv.in.timer.cancel_requested", #"{"timer_id":"t2"}"#))
        #expect(try harness.data("conv.effect.timer.wait.canceled")["effect_id"]?.string == "timer-wait-t2")
        #expect(harness.disk.effects.count == 2)
        try harness.take(signal("a", "conv.in.control.stop_requested"))
        #expect(harness.disk.effects.isEmpty)
        try harness.pass(6_000)
        #expect(harness.signals(completed).isEmpty)
    }

    @Test func `A waiting timer neither keeps the engine awake nor counts as an open effect`() throws {
        let harness = try Harness()
        try harness.take(tick("t", #"{"delay_ms":3600000}"#))
        #expect(!harness.engine.hasWork)
        #expect(harness.engine.openEffects == 0)
        #expect(harness.engine.nextTimeout() == 3_600_000)
    }
}
