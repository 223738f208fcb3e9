import SimulationKit
import Testing

/// A few dozen seeds, so that `swift test` alone notices; `make simulate` runs thousands in a release build.
@Suite struct SimulationTests {
    @Test func `Every guarantee holds despite crashes and repeats`() throws {
        var crashes = 0
        var boots = 0
        var shardFailures = 0
        var shardCounts: Set<Int> = []
        for seed in UInt64(0)..<60 {
            do {
                var simulation = try Simulation(seed: seed)
                try simulation.run()
                crashes += simulation.crashes
                boots += simulation.boots
                shardFailures += simulation.shardFailures
                shardCounts.insert(simulation.shardCount)
            } catch {
                Issue.record("\(error) (again: make simulate SEED=\(seed))")
            }
        }
        #expect(crashes > 60)
        #expect(boots > 15)
        #expect(shardFailures > 60)
        #expect(shardCounts == [1, 2, 4])
    }
}
