import ConveyEngine
import EffectPort
import JournalPort
import JournalSupport
import Signals
import Synchronization
import Testing

@testable import ConveyRuntime

/// Four engines, each with its own shard, that share the slots for attempts.
private final class SharingEngines {
    private final class Woken: Sendable {
        let shards = Mutex<Set<Int>>([])
    }

    private let layout = JournalLayout(partitions: 16, shards: 4)
    private let engines: [Engine]
    /// By shard, oldest first.
    private(set) var running: [[EffectAttempt]] = Array(repeating: [], count: 4)
    private(set) var completed = Array(repeating: 0, count: 4)
    private let places: EffectPlaces
    private let woken: Woken
    private let time = EngineTime(wall: 1_700_000_000_000_000, monotonic: 0)

    init(maxConcurrent: Int) throws {
        let woken = Woken()
        self.woken = woken
        var settings = EngineSettings()
        settings.effects.llm.maxConcurrent = maxConcurrent
        places = EffectPlaces(settings: settings.effects, shards: 4) { shard in
            woken.shards.withLock { _ = $0.insert(shard) }
        }
        let store = SimulatedStore(partitionCount: 16, shards: 4)
        var engines: [Engine] = []
        for shard in 0..<4 {
            engines.append(
                try Engine(
                    journal: try store.openWriter(shard: shard), settings: settings, time: time,
                    logger: Harness.logger))
        }
        self.engines = engines
    }

    var runningCount: Int { running.reduce(0) { $0 + $1.count } }

    /// One message each to conversations of a shard.
    func ask(_ shard: Int, _ count: Int) throws {
        let subjects = Array(
            (0...).lazy.map { "c\($0)" }.filter { [layout] in layout.shard(of: $0) == shard }.prefix(count))
        try transact(shard) { input in
            input.inbound = subjects.map {
                .accepted(
                    Signal(
                        id: "m", source: "/test", type: "conv.in.message.received", subject: $0,
                        data: Array(#"{"content":"hi"}"#.utf8)))
            }
        }
    }

    /// Ends the oldest attempt of a shard.
    func complete(_ shard: Int) throws {
        let attempt = running[shard].removeFirst()
        completed[shard] += 1
        try transact(shard) { $0.reports = [EffectReport(attempt.effect, .completed(EffectResult(content: "hello")))] }
    }

    private func transact(_ shard: Int, _ change: (inout EngineInput) -> Void) throws {
        var input = EngineInput()
        change(&input)
        input.places = places.begin(shard, engines[shard].placeUse)
        running[shard] += try engines[shard].process(input, at: time).attempts
        places.settle(shard, engines[shard].placeUse)
        while let next = woken.shards.withLock({ $0.popFirst() }) { try transact(next) { _ in } }
    }
}

@Suite struct EffectPlacesTests {
    @Test(arguments: [1, 3, 4, 10])
    func `max_concurrent holds over all shards, and a busy shard does not starve the others`(limit: Int) throws {
        let shards = try SharingEngines(maxConcurrent: limit)
        // The first shard has far more to do than the others, and is first.
        try shards.ask(0, 200)
        #expect(shards.runningCount == limit)
        for shard in 1..<4 { try shards.ask(shard, 10) }
        #expect(shards.runningCount == limit)
        while shards.runningCount > 0 {
            for shard in 0..<4 where !shards.running[shard].isEmpty {
                try shards.complete(shard)
                #expect(shards.runningCount <= limit)
            }
            if shards.completed[1...] == [10, 10, 10] { break }
        }
        // All had equal shares: the first did not finish its two hundred before the others.
        #expect(shards.completed[1...] == [10, 10, 10])
        #expect(shards.completed[0] < 10 * 3 + limit)
        while let shard = shards.running.firstIndex(where: { !$0.isEmpty }) { try shards.complete(shard) }
        #expect(shards.completed == [200, 10, 10, 10])
    }
}
