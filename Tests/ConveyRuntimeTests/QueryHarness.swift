import Conversation
import ConveyEngine
import EffectPort
import JournalPort
import JournalReading
import JournalSupport
import Logging
import Signals

/// A conversation runtime in one thread whose journal can be queried at any moment.
final class QueryHarness {
    let journal: SimulatedJournal
    private var engine: Engine
    private var random: SeededRandom
    private var time = EngineTime(wall: 1_700_000_000_000_000, monotonic: 0)
    private var running: [EffectAttempt] = []
    private var sent = 0
    let subjects = ["a", "b"]
    /// Small enough to split answers.
    var limits = QueryLimits()

    init(seed: UInt64) throws {
        random = SeededRandom(seed: seed)
        limits.answerGap = Int64(random.int(1...60))
        journal = SimulatedJournal(SimulatedDisk(partitionCount: 3))
        var settings = EngineSettings()
        settings.checkpointInterval = Int64(random.int(5...60))
        settings.conversationLimit = random.int(1...2)
        settings.applyBudget = random.int(1...20)
        settings.causeTimeoutMilliseconds = 50
        engine = try Engine(
            journal: journal, settings: settings, time: time,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    /// A transaction with random content: messages, deltas and ends from outside, tools, aborts, causes that come late
    /// or never, reports of running effects.
    /// late or never, reports of running effects.
    func step() throws {
        var input = EngineInput()
        for _ in 0..<random.int(0...4) { input.inbound.append(.accepted(signal())) }
        for attempt in running where random.oneIn(2) {
            input.reports.append(report(attempt))
        }
        time.wall += Int64(random.int(0...2_000_000))
        time.monotonic += Int64(random.int(0...30))
        let output = try engine.process(input, at: time)
        for order in output.orders {
            switch order {
            case .run(let attempt): running.append(attempt)
            case .stop(let key): running.removeAll { $0.effect.key == key }
            }
        }
    }

    private func report(_ attempt: EffectAttempt) -> EffectReport {
        let event: EffectReport.Event =
            random.oneIn(4)
            ? .completed(EffectResult(content: "done", finishReason: "stop")) : .delta(EffectDelta("piece "))
        return EffectReport(attempt.effect, event)
    }

    private func signal() -> Signal {
        sent += 1
        let types = [
            "conv.in.message.received", "conv.in.message.received", "conv.in.note.taken", "conv.out.assistant.delta",
            "conv.out.assistant.delta", "conv.out.assistant.delta", "conv.out.assistant.completed",
            "conv.out.tool.status", "conv.in.control.abort_requested", "conv.effect.tool.execution.completed",
            "conv.effect.llm.generation.completed", "conv.out.assistant.reset", "conv.out.assistant.waiting",
            "conv.out.assistant.failed", "conv.out.assistant.canceled", "conv.out.tool.approval_requested",
        ]
        let type = random.pick(types)
        let cause: Cause = random.oneIn(5) ? .signal("s\(sent + random.int(-6...2))") : .none
        let output = random.int(1...2)
        let data = """
            {"content":"c\(sent)","delta":"\(String(repeating: "d", count: random.int(1...200)))","output_id":"o\(output)",\
            "channel":"primary","effect_id":"e\(random.int(1...9))","lifecycle":"completed","message":"m\(sent)",\
            "tool_call_id":"t\(random.int(1...4))","tool_calls":[{"id":"t\(random.int(1...4))","name":"n","arguments":"{}"}]}
            """
        return Signal(
            id: "s\(sent)", source: "/test", type: type, subject: random.pick(subjects), cause: cause,
            data: Array(data.utf8))
    }

    /// The state of a conversation in the engine.
    func state(of subject: String) throws -> ConversationState? { try engine.state(ofSubject: subject) }

    /// An executor with empty caches.
    func fresh() -> QueryExecutor { QueryExecutor(reader: journal, limits: limits) }

    /// A journal that ends at an offset of a conversation: its content when that offset was recorded.
    func journal(of subject: String, through offset: Int64) throws -> SimulatedJournal {
        let disk = SimulatedDisk(partitionCount: 3)
        let copy = SimulatedJournal(disk)
        var batch = JournalBatch()
        batch.createdConversations = journal.disk.conversations.values.map {
            ConversationRecord(id: $0.id, subject: $0.subject, partition: $0.partition)
        }
        guard let id = try journal.conversation(subject: subject)?.id else { return copy }
        for record in journal.disk.records {
            if record.conversation == id, record.offset > offset { break }
            batch.records.append(record)
        }
        batch.deadLetters = journal.disk.deadLetters.values.filter { letter in
            batch.records.contains { $0.position == letter.position }
        }
        try copy.commit(batch)
        return copy
    }
}
