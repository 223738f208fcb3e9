import SimulationKit
import Testing

/// A few hundred seeds, so that `swift test` alone notices; `make simulate` runs thousands in a release build.
@Suite struct SimulationTests {
    @Test func `Every promise holds whatever crashes and repeats`() throws {
        var crashes = 0
        var boots = 0
        var shardFailures = 0
        var shardCounts: Set<Int> = []
        for seed in UInt64(0)..<200 {
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
        #expect(crashes > 200)
        #expect(boots > 50)
        #expect(shardFailures > 200)
        #expect(shardCounts == [1, 2, 4])
    }
}
