import ConveyEngine
import EffectPort
import Signals
import Testing

/// A transaction's journal reads happen before it, in few calls: each call is a round trip if the journal is behind a
/// network.
@Suite struct PrefetchTests {
    private func note(_ id: String, _ subject: String, cause: String? = nil) -> Signal {
        Signal(
            id: id, source: "/test", type: "conv.in.note.taken", subject: subject,
            cause: cause.map { .signal($0) } ?? .none, data: Array("{}".utf8))
    }

    private func message(_ id: String, _ subject: String) -> Signal {
        Signal(
            id: id, source: "/test", type: "conv.in.message.received", subject: subject,
            data: Array(#"{"content":"hi"}"#.utf8))
    }

    /// The calls that a piece of work makes.
    private func calls(_ harness: Harness, _ work: () throws -> Void) throws -> (lookups: Int, single: Int) {
        let before = (harness.journal.lookups, harness.journal.singleReads)
        try work()
        return (harness.journal.lookups - before.0, harness.journal.singleReads - before.1)
    }

    @Test func `A batch of new signals costs one call, however many conversations it has`() throws {
        let harness = try Harness()
        let first = try calls(harness) {
            var input = EngineInput()
            input.inbound = (0..<200).map { .accepted(note("a", "c\($0)")) }
            let output = try harness.engine.process(input, at: harness.time)
            #expect(output.applied == 200)
        }
        #expect(first == (1, 0))
        let second = try calls(harness) {
            try harness.take(note("b", "c1"), note("c", "c1", cause: "b"), note("d", "new"))
        }
        #expect(second == (1, 0))
    }

    @Test func `Repeats, causes and conversations outside memory cost two calls`() throws {
        let harness = try Harness { $0.checkpointInterval = 50 }
        for index in 0..<60 { try harness.take(note("a", "c\(index)")) }
        try harness.restart()
        let inbound = (0..<20).map { note("a", "c\($0)") } + (0..<20).map { note("b", "c\($0)", cause: "a") }
        let work = try calls(harness) {
            var input = EngineInput()
            input.inbound = inbound.map { .accepted($0) }
            let output = try harness.engine.process(input, at: harness.time)
            #expect(output.outcomes.count { if case .duplicate = $0 { true } else { false } } == 20)
            #expect(output.applied >= 20)
        }
        #expect(work.lookups == 2)
        #expect(work.single == 0)
    }

    @Test func `A start-up reads what was applied since the checkpoint in bulk, however much it is`() throws {
        let harness = try Harness { $0.checkpointInterval = 3_000 }
        for index in 0..<1_200 { try harness.take(note("\(index)", "c\(index % 3)")) }
        let start = try calls(harness) { try harness.restart() }
        // One for each page of records, and one look at each conversation.
        #expect(start.lookups <= 2)
        #expect(start.single <= 3)
    }

    @Test func `Signals whose data left memory are read in bulk, in advance`() throws {
        let harness = try Harness {
            $0.residentSignalLimit = 10
            $0.partitionTurn = 4
        }
        var input = EngineInput()
        input.applications = 0
        for index in 0..<600 { input.inbound.append(.accepted(note("n\(index)", "c\(index % 30)"))) }
        _ = try harness.engine.process(input, at: harness.time)
        #expect(harness.engine.queueDepth == 600)
        var transactions = 0
        let work = try calls(harness) {
            while harness.engine.hasWork {
                try harness.transact()
                transactions += 1
            }
        }
        #expect(harness.engine.queueDepth == 0)
        #expect(transactions <= 6)
        #expect(work.lookups <= 2 * transactions)
        #expect(work.single == 0)
        for subject in (0..<30).map({ "c\($0)" }) {
            let state = try #require(try harness.engine.state(ofSubject: subject))
            #expect(state.appliedCount == 20)
        }
    }

    @Test func `A control signal that waits for its text from the journal is the next one applied`() throws {
        let harness = try Harness { $0.effects.streamedTextLimit = 4 }
        let attempt = try #require(try harness.take(message("m", "c")).attempts.first)
        try harness.report(attempt, .delta(EffectDelta("a text that is let go")))
        #expect(harness.engine.streamedTextBytes == 0)
        // It waits for its cause, so it is not in the transaction that applies the cause.
        let abort = Signal(
            id: "stop", source: "/test", type: "conv.in.control.abort_requested", subject: "c",
            cause: .signal("late"), data: Array("{}".utf8))
        try harness.take(abort)
        try harness.take(note("late", "c"), note("other", "c"))
        while harness.engine.hasWork { try harness.transact() }
        #expect(try harness.data("conv.effect.llm.generation.canceled")["content"]?.string == "a text that is let go")
    }
}
