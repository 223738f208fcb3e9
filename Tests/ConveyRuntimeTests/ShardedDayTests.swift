import Conversation
import ConveyEngine
import EffectPort
import JournalPort
import JournalReading
import JournalSupport
import Logging
import Signals
import Testing

/// Engines that share one stream of signals: one per shard.
private final class ShardedDay {
    private static let partitions = 16

    private let layout: JournalLayout
    private let disks: [SimulatedDisk]
    private var engines: [Engine] = []
    private var running: [[EffectAttempt]]
    private var time = EngineTime(wall: 1_700_000_000_000_000, monotonic: 0)

    init(shards: Int) throws {
        layout = JournalLayout(partitions: Self.partitions, shards: shards)
        running = Array(repeating: [], count: shards)
        disks = (0..<shards).map { SimulatedDisk(partitionCount: Self.partitions, shard: $0, of: shards) }
        var settings = EngineSettings()
        // Limits per process would make the time of application depend on the rest of the shard.
        settings.applyBudget = 10_000
        settings.effects.llm.maxConcurrent = 10_000
        settings.effects.tool.maxConcurrent = 10_000
        for disk in disks {
            engines.append(
                try Engine(
                    journal: SimulatedJournal(disk), settings: settings, time: time,
                    logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }))
        }
    }

    /// Records some signals, and ends the effects started earlier.
    func step(_ signals: [Signal]) throws {
        time.wall += 1_000_000
        time.monotonic += 1_000
        for shard in engines.indices {
            var input = EngineInput()
            input.inbound = signals.filter { layout.shard(of: $0.subject) == shard }.map { .accepted($0) }
            input.reports = running[shard].map { attempt in
                EffectReport(attempt.effect, .completed(EffectResult(content: "an answer", finishReason: "stop")))
            }
            running[shard] = []
            for order in try engines[shard].process(input, at: time).orders {
                switch order {
                case .run(let attempt): running[shard].append(attempt)
                case .stop(let key): running[shard].removeAll { $0.effect.key == key }
                }
            }
        }
    }

    /// The answer without everything that identifies a shard or a position.
    func answer(_ request: QueryRequest) throws -> String {
        let disks = disks
        let layout = layout
        let executors = disks.map { QueryExecutor(reader: SimulatedJournal($0)) }
        let answer = try executors[layout.shard(of: request.subject)].answer(request)
        #expect(answer.status == 200)
        return String(decoding: answer.body, as: UTF8.self)
            .replacing(/\b(applied|out|effect|dead-letter|attempt-failed|late-result)-([a-z2-7]{5}-)?[0-9]+(-[0-9]+)*/)
        {
            String($0.output.1)
        }
            .replacing(/"([a-z_]*digest)":"?[0-9a-z:]*"?/) { String($0.output.1) }
    }
}

@Suite("A day of signals in one shard and in several") struct ShardedDayTests {
    private static let subjects = (1...12).map { "chat-\($0)" }

    private static func signal(
        _ number: Int, _ sent: inout [String: [String]], _ random: inout SeededRandom
    ) -> Signal {
        let types = [
            "conv.in.message.received", "conv.in.message.received", "conv.in.note.taken",
            "conv.in.control.stop_requested", "conv.in.control.abort_requested", "conv.in.timer.requested",
        ]
        let subject = random.pick(subjects)
        let before = sent[subject] ?? []
        let cause: Cause = random.oneIn(4) && !before.isEmpty ? .signal(random.pick(before)) : .none
        sent[subject, default: []].append("s\(number)")
        return Signal(
            id: "s\(number)", source: "/test", type: random.pick(types), subject: subject, cause: cause,
            data: Array(#"{"content":"text \#(number)"}"#.utf8))
    }

    @Test(arguments: UInt64(1)...6)
    func `Every view of a conversation is the same but for positions and derived values`(seed: UInt64) throws {
        let days = [try ShardedDay(shards: 1), try ShardedDay(shards: 4)]
        var random = SeededRandom(seed: seed)
        var number = 0
        var sent: [String: [String]] = [:]
        for _ in 0..<60 {
            let signals = (0..<random.int(0...5)).map { _ in
                number += 1
                return Self.signal(number, &sent, &random)
            }
            for day in days { try day.step(signals) }
        }
        for subject in Self.subjects {
            for view in [QueryView.timeline, .context, .events, .state] {
                var request = QueryRequest(view, subject: subject)
                request.limit = view.limits.most
                let answers = try days.map { try $0.answer(request) }
                #expect(answers[0] == answers[1], "seed \(seed): \(view) of \(subject)")
                if answers[0] != answers[1] { return }
            }
        }
    }
}
