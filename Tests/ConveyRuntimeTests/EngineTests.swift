import ConveyEngine
import EffectPort
import JournalPort
import JournalSupport
import Logging
import Signals
import Testing

@Suite struct EngineTests {
    private func signal(
        _ id: String, _ type: String = "conv.in.note.taken", subject: String = "c", cause: Cause = .none
    ) -> Signal {
        Signal(
            id: id, source: "/test", type: type, subject: subject, cause: cause,
            traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            data: Array(#"{"content":"hi"}"#.utf8))
    }

    @Test func `A signal, its marker and the start of its effect are one transaction`() throws {
        let harness = try Harness()
        let output = try harness.take(signal("m", "conv.in.message.received"))
        #expect(
            harness.types == [
                "conv.in.message.received", "marker", "conv.effect.llm.generation.started", "marker",
            ])
        #expect(output.outcomes == [.recorded(id: "m", subject: "c", offset: 1)])
        #expect(output.orders.count == 1)
        #expect(harness.disk.effects.count == 1)
    }

    @Test func `An event that the broker does not accept is reported once, and the report itself never`() throws {
        let harness = try Harness()
        try harness.take(signal("m"))
        func event(_ position: Int64, _ type: String) -> UnpublishedEvent {
            UnpublishedEvent(
                position: Position(position), subject: "c", id: "e", type: type, offset: position,
                topic: "conv/out/c/" + String(repeating: "a/", count: 2_000), reason: "closed")
        }
        for _ in 0..<2 {
            var input = EngineInput()
            input.unpublished = [event(2, "conv.out.x"), event(3, "conv.audit.outbox.set_aside")]
            input.outboxCursor = Position(2)
            _ = try harness.engine.process(input, at: harness.time)
            try harness.restart()
        }
        let notices = harness.signals("conv.audit.outbox.set_aside")
        #expect(notices.map(\.id) == ["set-aside-\(SimulatedDisk.tag)-2"])
        #expect(notices.first?.subject == "_")
        let data = try harness.data("conv.audit.outbox.set_aside")
        #expect(data["event_type"]?.string == "conv.out.x" && data["event_subject"]?.string == "c")
        #expect(data["topic"]?.string?.utf8.count == 1_024)
    }

    @Test func `The outbox's lag is known as soon as the journal is read`() throws {
        let harness = try Harness()
        try harness.take(signal("m"))
        try harness.restart()
        #expect(harness.engine.metrics.gauges.outboxLag == Int(harness.engine.lastPosition.rawValue))
        var input = EngineInput()
        input.outboxCursor = harness.engine.lastPosition
        _ = try harness.engine.process(input, at: harness.time)
        try harness.restart()
        #expect(harness.engine.metrics.gauges.outboxLag == 0)
    }

    @Test func `The depths of the partitions add up to what waits`() throws {
        let harness = try Harness { $0.applyBudget = 2 }
        for number in 0..<8 {
            let cause: Cause = number % 2 == 0 ? .none : .signal("never")
            try harness.take(signal("s\(number)", subject: "c\(number)", cause: cause))
        }
        let depths = harness.engine.partitionDepths
        #expect(depths.count == 4)
        #expect(depths.reduce(0) { $0 + $1.queued } == harness.engine.queueDepth)
        #expect(depths.reduce(0) { $0 + $1.parked } == 4)
    }

    @Test func `The trace of a message goes through its effect to the answer`() throws {
        let harness = try Harness()
        let output = try harness.take(signal("m", "conv.in.message.received"))
        guard case .run(let attempt)? = output.orders.first else {
            Issue.record("no attempt")
            return
        }
        var input = EngineInput()
        input.reports = [
            EffectReport(attempt.effect, .delta(EffectDelta("hi"))),
            EffectReport(attempt.effect, .completed(EffectResult(content: "hi", finishReason: "stop"))),
        ]
        _ = try harness.engine.process(input, at: harness.time)
        for record in harness.disk.records {
            guard case .signal(let signal) = record.content else { continue }
            #expect(signal.traceparent != nil, "\(signal.type)")
        }
        #expect(harness.types.contains("conv.out.assistant.delta"))
        #expect(harness.types.last == "marker")
    }

    @Test func `An abort in the same batch after its message ends the effect and leaves no run behind`() throws {
        let harness = try Harness()
        let output = try harness.take(
            signal("m", "conv.in.message.received"), signal("a", "conv.in.control.abort_requested"))
        #expect(!output.orders.contains { if case .run = $0 { true } else { false } })
        #expect(harness.types.filter { $0 == "conv.effect.llm.generation.canceled" }.count == 1)
        #expect(harness.disk.effects.isEmpty)
    }

    @Test func `The reports of an attempt that is not the newest are ignored`() throws {
        let harness = try Harness()
        let output = try harness.take(signal("m", "conv.in.message.received"))
        guard case .run(let first)? = output.orders.first else {
            Issue.record("no attempt")
            return
        }
        let key = first.effect.key
        try harness.restart()
        _ = try harness.engine.process(EngineInput(), at: harness.time)
        var input = EngineInput()
        input.reports = [EffectReport(first.effect, .delta(EffectDelta("late")))]
        let count = harness.types.count
        _ = try harness.engine.process(input, at: harness.time)
        #expect(harness.types.count == count)
        #expect(harness.disk.effects[key]?.attempt == 2)
    }

    @Test func `A long chain behind a missing cause becomes dead letters at once on time-out`() throws {
        let harness = try Harness { $0.causeTimeoutMilliseconds = 1_000 }
        var chain = [signal("s0", cause: .signal("never"))]
        for index in 1...2_000 { chain.append(signal("s\(index)", cause: .signal("s\(index - 1)"))) }
        var input = EngineInput()
        input.inbound = chain.map { .accepted($0) }
        _ = try harness.engine.process(input, at: harness.time)
        #expect(harness.engine.queueDepth == 2_001)
        harness.time.monotonic += 1_001
        while harness.engine.hasWork || harness.engine.nextTimeout() != nil {
            _ = try harness.engine.process(EngineInput(), at: harness.time)
        }
        #expect(harness.disk.deadLetters.count == 2_001)
        #expect(harness.disk.deadLetters[Position(1)]?.reason == .causeTimeout)
        #expect(harness.disk.deadLetters[Position(2)]?.reason == .causeDeadLettered)
        #expect(harness.engine.queueDepth == 0)
    }

    @Test func `Effects that never end do not let a conversation's state grow without limit`() throws {
        let harness = try Harness { $0.inFlightLimit = 3 }
        for index in 0..<10 {
            try harness.take(
                Signal(
                    id: "e\(index)", source: "/robot", type: "conv.effect.robot.move.started", subject: "c",
                    data: Array(#"{"effect_id":"move-\#(index)","lifecycle":"started"}"#.utf8)))
        }
        #expect(try harness.engine.state(ofSubject: "c")?.inFlight.count == 3)
        #expect(harness.disk.deadLetters.values.filter { $0.reason == .effectLimit }.count == 7)
    }

    @Test func `The same bad message is recorded once when it may be a redelivery, and otherwise each time`() throws {
        let harness = try Harness()
        func reject(mayBeRedelivery: Bool) throws {
            var input = EngineInput()
            input.inbound = [
                .rejected(
                    RejectedMessage(
                        subject: nil, topic: "conv/in/x/y", payload: [1], rejection: Rejection(.malformedJSON, "bad"),
                        mayBeRedelivery: mayBeRedelivery))
            ]
            _ = try harness.engine.process(input, at: harness.time)
        }
        for mayBeRedelivery in [false, true, true, false] { try reject(mayBeRedelivery: mayBeRedelivery) }
        #expect(harness.types.filter { $0 == "conv.audit.signal.rejected" }.count == 2)
        #expect(try harness.journal.conversation(subject: "_") != nil)
    }

    @Test func `Subjects and sources that only look the same are different`() throws {
        let harness = try Harness()
        let (composed, decomposed) = ("caf\u{e9}", "cafe\u{301}")
        try harness.take(signal("a", subject: composed), signal("a", subject: decomposed))
        var other = signal("a", subject: composed)
        other.source = decomposed
        try harness.take(other)
        other.source = composed
        try harness.take(other)
        #expect(
            harness.types == ["conv.in.note.taken", "conv.in.note.taken", "marker", "marker"]
                + ["conv.in.note.taken", "marker", "conv.in.note.taken", "marker"])
        #expect(harness.disk.conversations.count == 2)
    }

    @Test func `A signal that finds no room waits where an abort can overtake it`() throws {
        let harness = try Harness()
        try harness.take(signal("m", "conv.in.message.received"))
        var input = EngineInput()
        input.applications = 0
        input.inbound = (0..<20).map { .accepted(signal("n\($0)")) }
        #expect(try harness.engine.process(input, at: harness.time).applied == 0)
        #expect(harness.engine.queueDepth == 20)
        input.inbound = [.accepted(signal("a", "conv.in.control.abort_requested"))]
        let output = try harness.engine.process(input, at: harness.time)
        #expect(output.applied == 1)
        #expect(harness.types.last == "conv.effect.llm.generation.canceled")
        input = EngineInput()
        #expect(try harness.engine.process(input, at: harness.time).applied == 22)
    }

    @Test func `A cause with thousands of dependents does not make one transaction long`() throws {
        let harness = try Harness { $0.applyBudget = 10 }
        for index in 0..<400 {
            try harness.take(signal("n\(index)", subject: "c", cause: .signal("late")))
        }
        try harness.take(signal("late"), signal("other", subject: "d"))
        #expect(harness.engine.queueDepth >= 400)
        #expect(harness.engine.hasWork)
    }

    @Test func `A checkpoint and a restart keep waiting signals, whenever they were recorded`() throws {
        let harness = try Harness { $0.checkpointInterval = 4 }
        for index in 0..<10 { try harness.take(signal("n\(index)", cause: .signal("late"))) }
        try harness.restart()
        #expect(harness.engine.queueDepth == 10)
        try harness.take(signal("late"))
        for index in 0..<10 { try harness.take(signal("o\(index)", cause: .signal("never"))) }
        try harness.restart()
        #expect(harness.engine.queueDepth == 10)
        #expect(harness.disk.pending.count <= 10)
    }

    @Test func `One transaction applies no more than its budget, and the rest follows`() throws {
        let harness = try Harness { $0.applyBudget = 10 }
        var input = EngineInput()
        input.inbound = (0..<25).map { .accepted(signal("s\($0)")) }
        #expect(try harness.engine.process(input, at: harness.time).applied == 10)
        #expect(harness.engine.hasWork)
        #expect(try harness.engine.process(EngineInput(), at: harness.time).applied == 10)
        #expect(try harness.engine.process(EngineInput(), at: harness.time).applied == 5)
        #expect(!harness.engine.hasWork)
    }
}
