import SimulationKit
import Testing

/// A few hundred seeds, so that `swift test` alone notices; `make simulate` runs thousands in a release build.
@Suite struct SimulationTests {
    @Test func `Every promise holds whatever crashes and repeats`() throws {
        var crashes = 0
        var boots = 0
        var shardCrashes = 0
        var shardCounts: Set<Int> = []
        for seed in UInt64(0)..<200 {
            do {
                var simulation = try Simulation(seed: seed)
                try simulation.run()
                crashes += simulation.crashes
                boots += simulation.boots
                shardCrashes += simulation.shardCrashes
                shardCounts.insert(simulation.shardCount)
            } catch {
                Issue.record("seed \(seed): \(error) (again: make simulate SEED=\(seed))")
            }
        }
        #expect(crashes > 200)
        #expect(boots > 50)
        #expect(shardCrashes > 200)
        #expect(shardCounts == [1, 2, 4])
    }

    /// Seeds that once found something.
    @Test(arguments: [
        // A marker's position plus one was taken for a marker's id.
        UInt64(6),
        // The parked limit made dead letters of an effect's own deltas.
        73,
        // A signal that names itself as its cause waited for ever after a restart.
        4,
        // What waited for a marker was not woken by it.
        1_736,
    ])
    func `What once failed holds`(seed: UInt64) throws {
        // They were found with one shard.
        var simulation = try Simulation(seed: seed, shards: 1)
        try simulation.run()
    }
}
