import JournalSupport
import Testing

@testable import ConveyRuntime

/// Shards whose attempts begin and end at random, sharing one pool.
private struct Shards {
    struct Shard {
        var running = 0
        var queued = 0
        var started = 0
        var isWoken = false
        /// The slots granted for the current transaction; nil between transactions.
        var granted: Int?
    }

    var pool: PlacePool
    var all: [Shard]

    init(limit: Int, count: Int) {
        pool = PlacePool(limit: limit, shards: count)
        all = Array(repeating: Shard(), count: count)
    }

    var running: Int { all.reduce(0) { $0 + $1.running } }
    /// Counting how many attempts the current transaction may start.
    var promised: Int { all.reduce(0) { $0 + max($1.running, $1.granted ?? 0) } }

    mutating func begin(_ index: Int) {
        all[index].isWoken = false
        all[index].granted = pool.begin(index, running: all[index].running, queued: all[index].queued)
    }

    /// - Parameters:
    ///   - arriving: effects that the transaction opens.
    ///   - ending: attempts that have ended.
    mutating func finish(_ index: Int, arriving: Int, ending: Int) {
        guard let granted = all[index].granted else { return }
        all[index].granted = nil
        all[index].running -= min(ending, all[index].running)
        all[index].queued += arriving
        let starting = min(all[index].queued, max(0, granted - all[index].running))
        all[index].queued -= starting
        all[index].running += starting
        all[index].started += starting
        for woken in pool.settle(index, running: all[index].running, queued: all[index].queued) {
            all[woken].isWoken = true
        }
    }

    mutating func transact(_ index: Int, arriving: Int = 0, ending: Int = 0) {
        begin(index)
        finish(index, arriving: arriving, ending: ending)
    }

    /// Gives every woken shard a transaction, until no shard is woken.
    mutating func rest() -> Bool {
        for _ in 0..<1_000 {
            guard let index = all.firstIndex(where: { $0.isWoken && $0.granted == nil }) else { return true }
            transact(index)
        }
        return false
    }
}

@Suite struct PlacePoolTests {
    @Test(arguments: [1, 2, 3, 4, 7, 100])
    func `All shards together never run more than the limit, and no slot stays free while an effect waits`(limit: Int) {
        for seed in 0..<50 {
            var random = SeededRandom(seed: UInt64(seed))
            var shards = Shards(limit: limit, count: 4)
            for _ in 0..<2_000 {
                let index = Int.random(in: 0..<4, using: &random)
                if shards.all[index].granted == nil {
                    shards.begin(index)
                } else {
                    shards.finish(
                        index, arriving: Int.random(in: 0...2, using: &random),
                        ending: Int.random(in: 0...3, using: &random))
                }
                #expect(shards.promised <= limit, "seed \(seed)")
            }
            for index in 0..<4 { shards.finish(index, arriving: 0, ending: 0) }
            let rests = shards.rest()
            #expect(rests, "seed \(seed): shards wake each other without an end")
            let waits = shards.all.contains { $0.queued > 0 }
            #expect(!waits || shards.running == limit, "seed \(seed)")
        }
    }

    @Test(arguments: [1, 2, 3, 4, 9])
    func `A shard whose queue is never empty starves no other`(limit: Int) {
        var shards = Shards(limit: limit, count: 4)
        // The first takes all slots before the others come.
        shards.transact(0, arriving: 100_000)
        for index in 1..<4 { shards.transact(index, arriving: 500) }
        for _ in 0..<4_000 {
            for index in 0..<4 where shards.all[index].running > 0 { shards.transact(index, ending: 1) }
            let rests = shards.rest()
            #expect(rests)
        }
        for index in 1..<4 { #expect(shards.all[index].started == 500, "shard \(index)") }
        // Alone again, it may have all slots.
        #expect(shards.all[0].running == limit)
    }

    @Test func `With one busy shard no slots are reserved for the others`() {
        var shards = Shards(limit: 8, count: 4)
        shards.transact(2, arriving: 20)
        let rests = shards.rest()
        #expect(rests)
        #expect(shards.all[2].running == 8)
    }
}
