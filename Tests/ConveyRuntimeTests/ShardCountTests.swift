import Conversation
import ConveyEngine
import JournalPort
import JournalSupport
import Signals
import Testing

/// A day of signals, its effects included, through one engine per shard.
private struct RecordedDay {
    static let subjects = (0..<24).map { "c\($0)" }
    private let disks: [SimulatedDisk]
    private let engines: [Engine]
    private var running: [[EffectAttempt]]
    private var time = EngineTime(wall: 1_700_000_000_000_000, monotonic: 0)
    private var random: SeededRandom
    private var count = 0

    /// - Parameter seed: of the signals; the shards draw nothing from it.
    init(shards: Int, seed: UInt64) throws {
        random = SeededRandom(seed: seed)
        disks = (0..<shards).map {
            SimulatedDisk(partitionCount: 16, shard: $0, of: shards, tag: "shrd" + "abcdefgh".dropFirst($0).prefix(1))
        }
        var settings = EngineSettings()
        settings.causeTimeoutMilliseconds = 300
        settings.checkpointInterval = 100
        let start = time
        engines = try disks.map {
            try Engine(journal: SimulatedJournal($0), settings: settings, time: start, logger: Harness.logger)
        }
        running = Array(repeating: [], count: shards)
    }

    mutating func run() throws {
        for _ in 0..<80 {
            let inbound = (0..<random.int(0...10)).map { _ in signal() }
            try step(inbound)
        }
        for _ in 0..<400 where !engines.allSatisfy({ $0.openEffects == 0 && $0.queueDepth == 0 }) { try step([]) }
    }

    private mutating func signal() -> Signal {
        count += 1
        let types = [
            "conv.in.message.received", "conv.in.message.received", "conv.in.note.taken", "conv.in.timer.tick",
            "conv.in.control.abort_requested", "conv.effect.robot.move.progress", "conv.in.conversation.configured",
        ]
        let type = random.pick(types)
        let mode = random.pick(["queue", "interrupt", "reject", "merge"])
        let data = [
            "conv.in.timer.tick": #"{"delay_ms":\#(random.int(0...300))}"#,
            "conv.in.conversation.configured": #"{"llm":{"double_texting":"\#(mode)"}}"#,
        ]
        let cause = random.oneIn(6) ? Cause.signal("s\(count - random.int(0...40))") : .none
        return Signal(
            id: "s\(count)", source: "/host", type: type, subject: random.pick(Self.subjects), cause: cause,
            data: Array((data[type] ?? #"{"content":"a b","effect_id":"e","lifecycle":"progress"}"#).utf8))
    }

    private mutating func step(_ inbound: [Signal]) throws {
        time.wall += 50_000
        time.monotonic += 50
        for (index, engine) in engines.enumerated() {
            var input = EngineInput()
            input.inbound = inbound.filter { engine.shardPartitions.contains(subject: $0.subject) }.map {
                .accepted($0)
            }
            let attempts = running[index].sorted {
                ($0.effect.subject, $0.effect.key.cause, $0.effect.key.ordinal)
                    < ($1.effect.subject, $1.effect.key.cause, $1.effect.key.ordinal)
            }
            input.reports = attempts.flatMap(Self.reports)
            running[index] = []
            repeat {
                for order in try engine.transact(input, at: time).orders {
                    switch order {
                    case .run(let attempt): running[index].append(attempt)
                    case .stop(let key): running[index].removeAll { $0.effect.key == key }
                    }
                }
                input = EngineInput()
            } while engine.hasWork
        }
    }

    /// How an attempt ends follows from what it is about, and not from its place in the journal.
    private static func reports(_ attempt: EffectAttempt) -> [EffectReport] {
        var hash = StableHash()
        hash.combine(attempt.effect.answers ?? attempt.effect.effectID)
        hash.combine(attempt.call?.id ?? "")
        hash.combine(UInt64(attempt.effect.attempt))
        let isTool = attempt.effect.effectClass == .tool
        switch hash.value % 5 {
        case 0: return [EffectReport(attempt.effect, .failed(EffectFailure(.provider, "busy")))]
        case 1 where !isTool && attempt.toolRound == 0:
            let calls = ["a", "b"].map {
                ToolCall(
                    id: "\($0)-\(attempt.effect.answers ?? attempt.effect.effectID)", name: "tool", arguments: "{}")
            }
            return [
                EffectReport(
                    attempt.effect, .completed(EffectResult(content: "", finishReason: "tool_calls", toolCalls: calls)))
            ]
        default:
            return [
                EffectReport(attempt.effect, .delta(EffectDelta("done"))),
                EffectReport(attempt.effect, .completed(EffectResult(content: "done", finishReason: "stop"))),
            ]
        }
    }

    /// What is recorded in each conversation and its state, without what is the shard's: the place in the journal.
    func conversations() throws -> [String: [String]] {
        var found: [String: [String]] = [:]
        for (disk, engine) in zip(disks, engines) {
            for record in disk.records {
                let subject = disk.conversations[record.conversation.rawValue]?.subject ?? ""
                let place = "\(record.offset) \(record.family?.name ?? "") \(record.sequence) \(record.recordedAt)"
                let content =
                    switch record.content {
                    case .signal(let signal):
                        "\(signal.source) \(signal.id) \(signal.type) \(signal.cause) "
                            + String(decoding: signal.data, as: UTF8.self)
                    case .marker(let marker):
                        "\(disk.records[Int(marker.appliedPosition.rawValue) - 1].offset) \(marker.applyOrder)"
                    case .removed, .unreadable: "no content"
                    }
                found[subject, default: []].append(place + " " + mapped(content))
            }
            for subject in Self.subjects
            where found[subject] != nil && engine.shardPartitions.contains(subject: subject) {
                let state = String(decoding: try engine.state(ofSubject: subject)?.encode() ?? [], as: UTF8.self)
                // The digest covers the journal's positions.
                found[subject]?.append(mapped(state.replacing(/"digest":"[0-9a-f]+"/, with: "")))
            }
        }
        return found
    }

    /// A derived id with the offset of the record that it is derived from, in place of the shard and the position.
    private func mapped(_ text: String) -> String {
        text.replacing(/shrd([a-h])-([0-9]+)/) { match in
            let disk = disks.first { $0.shard.tag.text.hasSuffix(match.1) }
            let offset = Int(match.2).flatMap { disk?.records[$0 - 1].offset }
            return "@\(offset ?? -1)"
        }
    }

    var records: Int { disks.reduce(0) { $0 + $1.records.count } }
    var shardsInUse: Int { disks.count { !$0.records.isEmpty } }
    var isFinished: Bool { engines.allSatisfy { $0.openEffects == 0 && $0.queueDepth == 0 } }
}

@Suite struct ShardCountTests {
    @Test(arguments: [UInt64(1), 2, 3])
    func `A conversation's records and state are the same whatever the number of shards`(seed: UInt64) throws {
        var one = try RecordedDay(shards: 1, seed: seed)
        try one.run()
        let expected = try one.conversations()
        #expect(one.isFinished && one.records > 1_000)
        for shards in [2, 8] {
            var day = try RecordedDay(shards: shards, seed: seed)
            try day.run()
            #expect(day.shardsInUse == shards)
            let found = try day.conversations()
            #expect(Set(found.keys) == Set(expected.keys))
            for (subject, lines) in expected {
                let difference = zip(lines, found[subject] ?? []).first { $0.0 != $0.1 }
                #expect(difference == nil, "\(subject), \(shards) shards")
                #expect(found[subject]?.count == lines.count)
            }
        }
    }
}
