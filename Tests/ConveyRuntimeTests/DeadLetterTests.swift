import ConveyEngine
import JournalPort
import JournalReading
import JournalSupport
import Logging
import Signals
import Testing

/// An engine with one dead letter at position 1: its cause `first` did not come in time.
private final class DeadLetterHarness {
    let disk = SimulatedDisk(partitionCount: 4)
    var engine: Engine
    var settings = EngineSettings()
    var time = EngineTime(wall: 1_700_000_000_000_000, monotonic: 0)
    static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    init() throws {
        settings.causeTimeoutMilliseconds = 100
        engine = try Engine(
            journal: SimulatedJournal(disk), settings: settings, time: time, logger: Self.logger)
        try record("second", cause: .signal("first"))
        try expire()
    }

    func record(_ id: String, cause: Cause = .none) throws {
        var input = EngineInput()
        input.inbound = [
            .accepted(
                Signal(
                    id: id, source: "/test", type: "conv.in.note.taken", subject: "c", cause: cause,
                    data: Array("{}".utf8)))
        ]
        _ = try engine.process(input, at: time)
    }

    func expire() throws {
        time.monotonic += 200
        _ = try engine.process(EngineInput(), at: time)
    }

    func move(
        _ action: DeadLetterMove.Action, _ positions: [Position], applications: Int? = nil
    ) throws -> [DeadLetterOutcome] {
        var input = EngineInput()
        input.deadLetterMoves = [DeadLetterMove(action, positions)]
        input.applications = applications
        return try #require(try engine.process(input, at: time).deadLetterOutcomes.first)
    }

    func restart() throws {
        engine = try Engine(journal: SimulatedJournal(disk), settings: settings, time: time, logger: Self.logger)
    }

    func work() throws {
        while engine.hasWork { _ = try engine.process(EngineInput(), at: time) }
    }

    var signals: [Signal] {
        disk.records.compactMap { if case .signal(let signal) = $0.content { signal } else { nil } }
    }

    /// Positions in the order of application.
    var applied: [Position] {
        disk.records.compactMap { if case .marker(let marker) = $0.content { marker.appliedPosition } else { nil } }
    }

    func expectSound() throws {
        let report = try JournalVerifier(source: SimulatedJournal(disk)).verifyAll()
        #expect(report.difference == nil)
    }
}

@Suite("Dead letters") struct DeadLetterTests {
    private func status(_ outcomes: [DeadLetterOutcome]) -> [DeadLetterOutcome.Status] { outcomes.map(\.status) }

    @Test func `A re-driven end of a tool call holds back the next answer like any other, and only once`() throws {
        let harness = try Harness { $0.causeTimeoutMilliseconds = 100 }
        func result(_ id: String, cause: String) -> Signal {
            Signal(
                id: id, source: "/t", type: "conv.effect.tool.execution.completed", subject: "c", cause: .signal(cause),
                data: Array("{}".utf8))
        }
        try harness.take(result("late", cause: "first"))
        try harness.pass(200)
        var input = EngineInput()
        input.deadLetterMoves = [DeadLetterMove(.redrive, [Position(1)])]
        _ = try harness.engine.process(input, at: harness.time)
        try harness.take(
            Signal(id: "first", source: "/t", type: "conv.in.note.taken", subject: "c", data: Array("{}".utf8)))
        #expect(harness.engine.queueDepth == 0)
        // Until the engine knows whether this signal lets an answer continue, no other answer starts.
        try harness.take(result("undecided", cause: "never"))
        let message = Signal(
            id: "m", source: "/t", type: "conv.in.message.received", subject: "c", data: Array(#"{"content":"a"}"#.utf8)
        )
        #expect(try harness.take(message).attempts.isEmpty)
        #expect(harness.engine.queueDepth == 1)
    }

    @Test func `A re-driven signal is applied where it was recorded, and an audit signal reports it`() throws {
        let harness = try DeadLetterHarness()
        try harness.record("first")
        #expect(!harness.applied.contains(Position(1)))
        let outcomes = try harness.move(.redrive, [Position(1)])
        try harness.work()
        #expect(status(outcomes) == [.redriven])
        #expect(harness.applied.filter { $0 == Position(1) }.count == 1)
        #expect(harness.signals[0].id == "second")
        let audit = try #require(harness.signals.first { $0.type == "conv.audit.signal.redriven" })
        #expect(audit.id == outcomes[0].auditID)
        #expect(String(decoding: audit.data, as: UTF8.self).contains(#""signal_id":"second""#))
        #expect(harness.engine.metrics.gauges.deadLettersOpen == 0)
        #expect(status(try harness.move(.redrive, [Position(1)])) == [.notFound])
        try harness.expectSound()
    }

    @Test func `A crash after a re-drive leaves the signal pending, and it is applied once`() throws {
        let harness = try DeadLetterHarness()
        try harness.record("first")
        _ = try harness.move(.redrive, [Position(1)], applications: 0)
        #expect(!harness.applied.contains(Position(1)))
        try harness.restart()
        try harness.work()
        #expect(harness.applied.filter { $0 == Position(1) }.count == 1)
        try harness.restart()
        #expect(harness.engine.queueDepth == 0)
        try harness.expectSound()
    }

    @Test func `A signal whose cause has still not come becomes a dead letter again, under another audit id`() throws {
        let harness = try DeadLetterHarness()
        for _ in 0..<3 {
            #expect(status(try harness.move(.redrive, [Position(1)])) == [.redriven])
            try harness.expire()
            #expect(harness.engine.metrics.gauges.deadLettersOpen == 1)
        }
        let ids = harness.signals.map(\.id)
        #expect(Set(ids).count == ids.count)
        #expect(harness.signals.filter { $0.type == "conv.audit.signal.dead_lettered" }.count == 4)
        try harness.record("first")
        _ = try harness.move(.redrive, [Position(1)])
        try harness.work()
        #expect(harness.applied.contains(Position(1)))
        try harness.expectSound()
    }

    @Test func `A discarded signal is set aside for good`() throws {
        let harness = try DeadLetterHarness()
        #expect(status(try harness.move(.discard, [Position(1), Position(9)])) == [.discarded, .notFound])
        #expect(harness.engine.metrics.gauges.deadLettersOpen == 0)
        #expect(status(try harness.move(.redrive, [Position(1)])) == [.alreadyDiscarded])
        try harness.restart()
        try harness.work()
        #expect(!harness.applied.contains(Position(1)))
        #expect(harness.signals.filter { $0.type == "conv.audit.signal.discarded" }.count == 1)
        let letters = try SimulatedJournal(harness.disk).deadLetterDetails(after: .start, limit: 10)
        #expect(letters.map(\.letter.reason) == [.discarded])
        let reader = SimulatedJournal(harness.disk)
        #expect(try reader.deadLetterDetails(.open, after: .start, limit: 10).isEmpty)
        #expect(try reader.deadLetterDetails(.reason(.discarded), after: .start, limit: 10) == letters)
        #expect(try reader.deadLetterDetails(.reason(.causeTimeout), after: .start, limit: 10).isEmpty)
        try harness.expectSound()
    }
}
