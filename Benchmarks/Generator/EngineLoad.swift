import ConveyEngine
import Foundation
import JournalPort
import Logging
import SQLiteJournal
import Signals
import Synchronization

/// Engines on their own threads, each with its own journal in one directory, fed with prepared signals from memory.
final class EngineLoad: Sendable {
    struct Outcome {
        var signals = 0
        var transactions = 0
        /// Processor time of the engines' threads, in nanoseconds.
        var engineTime: Int64 = 0
        var seconds = 0.0
        /// Of each engine's thread.
        var busyShares: [Double] = []
        var noise = Noise()

        var perSecond: Double { seconds > 0 ? Double(signals) / seconds : 0 }
        var microsecondsPerSignal: Double { Double(engineTime) / 1_000 / Double(max(1, signals)) }
        var signalsPerTransaction: Double { Double(signals) / Double(max(1, transactions)) }
    }

    private struct Measured: Sendable {
        var signals = 0
        var transactions = 0
        var time: Int64 = 0
        var failure: String?
    }

    private let shards: Int
    private let store: any JournalStore
    private let phase = Atomic(Phase.prepare.rawValue)
    private let ready = Atomic(0)
    private let measured = Mutex<[Measured]>([])

    private enum Phase: Int {
        case prepare, warmUp, measure, stop
    }

    private static let partitions = 64
    /// Signals per batch: as many as ingress collects under load.
    private static let batch = 200
    /// Conversations in all, as in the scenario `ingest`.
    private static let conversations = 1_000
    private static let patience: Int64 = 30_000_000_000

    init(shards: Int, directory: String) throws {
        self.shards = shards
        store = SQLiteStore(
            directory: directory, newLayout: JournalLayout(partitions: Self.partitions, shards: shards))
        _ = try store.prepare()
    }

    func run(warmUpSeconds: Double, seconds: Double) throws -> Outcome {
        for shard in 0..<shards {
            let thread = Thread { self.work(shard) }
            thread.name = "bench-engine-\(shard)"
            thread.start()
        }
        try wait(for: shards)
        phase.store(Phase.warmUp.rawValue, ordering: .sequentiallyConsistent)
        Clock.sleep(milliseconds: Int64(warmUpSeconds * 1_000))
        let before = (at: Clock.now, own: Clock.ownCPU, machine: try ProcessFiles.machineTime())
        phase.store(Phase.measure.rawValue, ordering: .sequentiallyConsistent)
        Clock.sleep(milliseconds: Int64(seconds * 1_000))
        phase.store(Phase.stop.rawValue, ordering: .sequentiallyConsistent)
        let after = (at: Clock.now, own: Clock.ownCPU, machine: try ProcessFiles.machineTime())
        try wait(for: 2 * shards)
        var outcome = Outcome()
        outcome.seconds = Double(after.at - before.at) / 1e9
        for engine in measured.withLock({ $0 }) {
            if let failure = engine.failure { throw BenchError("an engine has failed: \(failure)") }
            outcome.signals += engine.signals
            outcome.transactions += engine.transactions
            outcome.engineTime += engine.time
            outcome.busyShares.append(Double(engine.time) / 1e9 / outcome.seconds)
        }
        let all = Double(max(1, after.machine.all - before.machine.all))
        outcome.noise = Noise(
            others: Double(max(0, after.machine.busy - before.machine.busy - (after.own - before.own))) / all,
            stolen: Double(after.machine.stolen - before.machine.stolen) / all)
        return outcome
    }

    private func wait(for count: Int) throws {
        let deadline = Clock.now + Self.patience
        while ready.load(ordering: .sequentiallyConsistent) < count {
            try Interruption.check()
            guard Clock.now < deadline else { throw BenchError("the engines do not come to their end") }
            Clock.sleep(milliseconds: 1)
        }
    }

    private var now: Phase { Phase(rawValue: phase.load(ordering: .sequentiallyConsistent)) ?? .stop }

    /// One engine's thread.
    private func work(_ shard: Int) {
        var result = Measured()
        do {
            try drive(shard, &result)
        } catch {
            result.failure = "\(error)"
            // Its waiter must not wait forever.
            ready.add(1, ordering: .sequentiallyConsistent)
        }
        measured.withLock { $0.append(result) }
        ready.add(1, ordering: .sequentiallyConsistent)
    }

    private func drive(_ shard: Int, _ result: inout Measured) throws {
        let engine = try Engine(
            journal: try store.openWriter(shard: shard), settings: EngineSettings(), time: Self.time(),
            logger: Logger(label: "bench") { _ in SwiftLogNoOpLogHandler() })
        let subjects = subjects(of: shard)
        let text = SignalTemplates.words(240)
        var number = 0
        var isReady = false
        var startedAt: Int64 = 0
        while true {
            var input = EngineInput()
            for _ in 0..<Self.batch {
                input.inbound.append(.accepted(Self.signal(number, subjects[number % subjects.count], text)))
                number += 1
            }
            let phase = now
            if phase == .measure, startedAt == 0 { startedAt = Self.threadTime() }
            if phase == .stop { break }
            if phase == .prepare {
                if !isReady { ready.add(1, ordering: .sequentiallyConsistent) }
                isReady = true
                number -= Self.batch
                Clock.sleep(milliseconds: 1)
                continue
            }
            // Everything published by the last transaction counts as acknowledged.
            input.outboxCursor = engine.lastPosition
            let output = try engine.process(input, at: Self.time())
            guard output.outcomes.count == Self.batch else { throw BenchError("not all signals were recorded") }
            guard phase == .measure else { continue }
            result.signals += Self.batch
            result.transactions += 1
        }
        if startedAt > 0 { result.time = Self.threadTime() - startedAt }
    }

    /// The signals of a shard.
    private func subjects(of shard: Int) -> [String] {
        SignalTemplates.subjects("s", Self.conversations).filter {
            StableHash.partition(of: $0, count: Self.partitions) % shards == shard
        }
    }

    private static func signal(_ number: Int, _ subject: String, _ text: String) -> Signal {
        Signal(
            id: "engine-\(number)", source: "/bench", type: "conv.in.note.taken", subject: subject,
            data: Array("{\"message_id\":\"engine-\(number)\",\"text\":\"\(text)\"}".utf8))
    }

    private static func time() -> EngineTime {
        EngineTime(wall: Clock.wall / 1_000, monotonic: Clock.now / 1_000_000)
    }

    private static func threadTime() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
