import ConveyEngine
import EffectPort
import Foundation
import JournalSupport
import Logging
import SQLiteJournal
import Signals
import Synchronization

/// A copy of the journal that `SampleHistory` makes. Each kind is made once, because it takes half a second.
final class SampleJournal {
    static let subjects = (0..<7).map { "conversation-\($0)" }

    private struct Kind: Hashable {
        var seed: UInt64
        var rounds: Int
    }

    /// The files of the journals made so far, by name.
    private static let made = Mutex<[Kind: [String: Data]]>([:])

    let directory = NSTemporaryDirectory() + "convey-sample-" + UUID().uuidString

    /// - Parameter rounds: each records two to four signals of hosts.
    init(seed: UInt64 = 7, rounds: Int = 60) throws {
        let files = try Self.made.withLock { made in
            let kind = Kind(seed: seed, rounds: rounds)
            let files = try made[kind] ?? Self.make(kind)
            made[kind] = files
            return files
        }
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        for (name, data) in files { try data.write(to: URL(fileURLWithPath: directory + "/" + name)) }
    }

    deinit {
        // Only temporary files would remain.
        try? FileManager.default.removeItem(atPath: directory)
    }

    private static func make(_ kind: Kind) throws -> [String: Data] {
        let directory = NSTemporaryDirectory() + "convey-sample-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: directory) }  // Only temporary files would remain.
        try SampleHistory(seed: kind.seed).record(in: directory, rounds: kind.rounds)
        let names = try FileManager.default.contentsOfDirectory(atPath: directory).filter { !$0.hasSuffix("-shm") }
        return try Dictionary(
            uniqueKeysWithValues: names.map {
                ($0, try Data(contentsOf: URL(fileURLWithPath: directory + "/" + $0)))
            })
    }
}

/// An engine that works for a while: answers that end, fail and are aborted, one that stays open, causes, a dead letter,
/// checkpoints and evictions.
private final class SampleHistory {
    private var time = EngineTime(wall: 1_700_000_000_000_000, monotonic: 0)
    private var random: SeededRandom
    private var running: [EffectAttempt] = []

    private static let subjects = SampleJournal.subjects
    private static let logger = Logger(label: "sample") { _ in SwiftLogNoOpLogHandler() }

    init(seed: UInt64) {
        random = SeededRandom(seed: seed)
    }

    func record(in directory: String, rounds: Int) throws {
        var settings = EngineSettings()
        settings.checkpointInterval = 60
        settings.conversationLimit = 3
        settings.causeTimeoutMilliseconds = 1_000
        let journal = try SQLiteJournal.open(directory: directory, partitionCount: 4)
        let engine = try Engine(journal: journal, settings: settings, time: time, logger: Self.logger)
        for round in 0..<rounds { try work(engine, round) }
        time.monotonic += 5_000
        try run(engine, [signal("late", "conv.in.note.taken", Self.subjects[0], cause: .signal("never"))])
        time.monotonic += 5_000
        try run(engine, [])
        // Puts the dead letter before a checkpoint.
        for round in rounds..<(rounds + 20) { try work(engine, round) }
        while !running.isEmpty { try report(engine) }
        // The last one stays open.
        try run(engine, [signal("open", "conv.in.message.received", Self.subjects[1])])
    }

    private func work(_ engine: Engine, _ round: Int) throws {
        let subject = random.pick(Self.subjects)
        var signals = [signal("n\(round)", "conv.in.note.taken", subject)]
        signals.append(signal("c\(round)", "conv.in.note.taken", subject, cause: .signal("n\(round)")))
        if round % 2 == 0 { signals.append(signal("m\(round)", "conv.in.message.received", subject)) }
        if round % 9 == 8 { signals.append(signal("a\(round)", "conv.in.control.abort_requested", subject)) }
        try run(engine, signals)
        while running.count > 3 { try report(engine) }
    }

    private func report(_ engine: Engine) throws {
        let attempt = running.removeFirst()
        let events: [EffectReport.Event] =
            random.oneIn(4)
            ? [.failed(EffectFailure(.config, "sample"))]
            : [.delta(EffectDelta("a ")), .completed(EffectResult(content: "a ", finishReason: "stop"))]
        var input = EngineInput()
        input.reports = events.map {
            EffectReport(attempt.effect, $0)
        }
        try take(try engine.process(input, at: time))
    }

    private func run(_ engine: Engine, _ signals: [Signal]) throws {
        time.wall += 1_000
        var input = EngineInput()
        input.inbound = signals.map { .accepted($0) }
        try take(try engine.process(input, at: time))
        while engine.hasWork { try take(try engine.process(EngineInput(), at: time)) }
    }

    private func take(_ output: EngineOutput) throws {
        for order in output.orders {
            switch order {
            case .run(let attempt): running.append(attempt)
            case .stop(let key): running.removeAll { $0.effect.key == key }
            }
        }
    }

    private func signal(_ id: String, _ type: String, _ subject: String, cause: Cause = .none) -> Signal {
        Signal(
            id: id, source: "/host", type: type, subject: subject, cause: cause,
            data: Array(#"{"message_id":"\#(id)","ingress":"sim","content":"a"}"#.utf8))
    }
}
