import ConveyEngine
import JournalPort
import JournalSupport
import Logging
import Signals
import Testing

@Suite struct DerivedIDsTests {
    private func ids(_ tag: String) throws -> DerivedIDs { DerivedIDs(try #require(ShardTag(tag))) }

    @Test func `Ids carry the tag of their shard`() throws {
        let ids = try ids("abcd2")
        let key = EffectKey(cause: Position(12), ordinal: 1)
        #expect(ids.marker(of: Position(12)) == "applied-abcd2-12")
        #expect(ids.output(of: Position(12), ordinal: 3) == "out-abcd2-12-3")
        #expect(ids.effect(key, attempt: 2, lifecycle: "started") == "effect-abcd2-12-1-2-started")
        #expect(ids.delta(key, attempt: 2, index: 0) == "effect-abcd2-12-1-2-progress-0")
        #expect(ids.key(key) == "abcd2-12-1")
    }

    @Test func `A marker's id is parsed only in its exact spelling and by its own shard`() throws {
        let ids = try ids("abcd2")
        #expect(ids.appliedPosition(marker: "applied-abcd2-12") == Position(12))
        for other in [
            "applied-abcd3-12", "applied-abcd2-", "applied-abcd2-012", "applied-abcd2-+12", "applied-abcd2--1",
            "applied-abcd2-0", "applied-12", "out-abcd2-12-0", "",
        ] { #expect(ids.appliedPosition(marker: other) == nil, "\(other)") }
    }

    @Test func `A lifecycle signal's id names its effect, in its own shard only`() throws {
        let ids = try ids("abcd2")
        let key = EffectKey(cause: Position(12), ordinal: 1)
        for id in [ids.effect(key, attempt: 2, lifecycle: "completed"), ids.delta(key, attempt: 2, index: 7)] {
            #expect(ids.effectKey(lifecycle: id) == key, "\(id)")
        }
        for other in [
            "effect-abcd3-12-1-2-started", "effect-12-1-2-started", "effect-abcd2-12", "out-abcd2-12-1-2", "",
        ] {
            #expect(ids.effectKey(lifecycle: other) == nil, "\(other)")
        }
    }

    @Test(arguments: 1...5, [1, 4, 7])
    func `Every partition belongs to one shard`(shards: Int, total: Int) throws {
        let tag = try #require(ShardTag("abcd2"))
        var seen: [Int] = []
        for index in 0..<shards {
            let partitions = ShardPartitions(Shard(index: index, count: shards, tag: tag), total: total)
            let numbers = (0..<partitions.count).map { partitions.partition(at: $0) }
            #expect(numbers.map(partitions.place) == Array(0..<partitions.count))
            seen += numbers
        }
        #expect(seen.sorted() == Array(0..<total))
    }

    @Test func `An engine runs its own shard, in partitions numbered over all shards`() throws {
        let disk = SimulatedDisk(partitionCount: 8, shard: 3, of: 4, tag: "abcd2")
        let time = EngineTime(wall: 0, monotonic: 0)
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let engine = try Engine(
            journal: SimulatedJournal(disk), settings: EngineSettings(), time: time, logger: logger)
        let subjects = (0..<100).map { "c\($0)" }.filter(engine.shardPartitions.contains)
        var input = EngineInput()
        input.inbound = subjects.map {
            .accepted(Signal(id: "m", source: "/t", type: "conv.in.note.taken", subject: $0, data: Array("{}".utf8)))
        }
        let output = try engine.process(input, at: time)
        #expect(output.applied >= subjects.count)
        #expect(Set(output.outbound.map(\.partition)) == [3, 7])
        #expect(engine.partitionDepths.count == 2)
        let restarted = try Engine(
            journal: SimulatedJournal(disk), settings: EngineSettings(), time: time, logger: logger)
        #expect(restarted.lastPosition == engine.lastPosition && restarted.queueDepth == 0)
    }
}
