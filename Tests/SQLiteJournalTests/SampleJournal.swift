import ConveyEngine
import Foundation
import JournalSupport
import Logging
import SQLiteJournal
import Signals

/// The journal of an engine that has worked for a while: answers that ended, failed and were aborted, one that is still
/// open, causes, a dead letter, checkpoints and evictions.
final class SampleJournal {
    let directory = NSTemporaryDirectory() + "convey-sample-" + UUID().uuidString
    private var time = EngineTime(wall: 1_700_000_000_000_000, monotonic: 0)
    private var random: SeededRandom
    private var running: [EffectAttempt] = []

    static let subjects = (0..<7).map { "conversation-\($0)" }
    private static let logger = Logger(label: "sample") { _ in SwiftLogNoOpLogHandler() }

    /// - Parameter rounds: each records two to four signals of hosts.
    init(seed: UInt64 = 7, rounds: Int = 60) throws {
        random = SeededRandom(seed: seed)
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
        // So that the dead letter is behind a checkpoint.
        for round in rounds..<(rounds + 20) { try work(engine, round) }
        while !running.isEmpty { try report(engine) }
        // The last one stays open.
        try run(engine, [signal("open", "conv.in.message.received", Self.subjects[1])])
    }

    deinit {
        // What cannot be removed is in the temporary directory anyway.
        try? FileManager.default.removeItem(atPath: directory)
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
