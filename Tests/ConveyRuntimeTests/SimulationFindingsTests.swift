import ConveyEngine
import EffectPort
import JournalPort
import JournalSupport
import Signals
import Testing

/// Faults that the simulation once found, as explicit steps: the course of a seed changes with every choice added to
/// the simulation.
@Suite struct SimulationFindingsTests {
    private let ids: DerivedIDs

    init() throws { ids = DerivedIDs(try #require(ShardTag(SimulatedDisk.tag))) }

    private func signal(_ id: String, _ type: String = "conv.in.note.taken", cause: Cause = .none) -> Signal {
        Signal(id: id, source: "/host", type: type, subject: "c", cause: cause, data: Array("{}".utf8))
    }

    @Test func `A marker's id has the position of its signal, not its own`() throws {
        let harness = try Harness()
        try harness.take(signal("n"))
        #expect(harness.types == ["conv.in.note.taken", "marker"])
        try harness.take(signal("late", cause: .signal(ids.marker(of: Position(2)))))
        #expect(harness.engine.queueDepth == 1)
        #expect(try harness.take(signal("m", cause: .signal(ids.marker(of: Position(1))))).applied == 1)
    }

    @Test func `An effect's deltas do not become dead letters when many signals wait for their causes`() throws {
        let harness = try Harness { $0.parkedLimit = 1 }
        let attempt = try #require(try harness.take(signal("m", "conv.in.message.received")).attempts.first)
        try harness.take(signal("late", cause: .signal("never")))
        var input = EngineInput()
        // The reports are recorded now, and their causes are applied later.
        input.applications = 0
        input.reports = (0..<5).map { EffectReport(attempt.effect, .delta(EffectDelta("\($0)"))) }
        _ = try harness.engine.process(input, at: harness.time)
        #expect(harness.signals("conv.effect.llm.generation.progress").count == 5)
        #expect(harness.disk.deadLetters.isEmpty)
        #expect(try harness.transact().applied >= 5)
    }

    @Test func `A signal that names itself as its cause does not wait forever, also after a restart`() throws {
        let harness = try Harness { $0.causeTimeoutMilliseconds = 100 }
        try harness.take(signal("self", cause: .signal("self")))
        try harness.restart()
        #expect(harness.engine.queueDepth == 1)
        try harness.pass(101)
        #expect(harness.disk.deadLetters[Position(1)]?.reason == .causeTimeout)
        #expect(harness.engine.queueDepth == 0)
    }

    @Test func `A marker wakes the signals that wait for it`() throws {
        let harness = try Harness()
        var input = EngineInput()
        input.applications = 0
        input.inbound = [
            .accepted(signal("late", cause: .signal(ids.marker(of: Position(2))))), .accepted(signal("n")),
        ]
        _ = try harness.engine.process(input, at: harness.time)
        #expect(harness.engine.queueDepth == 2)
        #expect(try harness.transact().applied == 2)
        #expect(harness.engine.queueDepth == 0)
    }
}
