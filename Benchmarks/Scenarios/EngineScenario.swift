import Foundation

/// The cost of the engine and its journal without a broker: signals handed over in memory, one engine per thread.
enum EngineScenario {
    static let name = "engine"
    static let summary = "signals/s of 1, 2 and 4 engines alone, each with its own journal and thread; CPU"

    private static let shards = [1, 2, 4]
    /// The required gain over one engine, if each has a processor.
    private static let judged = (shards: 4, must: 2.8, aim: 3.6)

    static func run(_ surroundings: Surroundings) throws -> [ScenarioReport] {
        let processors = surroundings.program.processors ?? surroundings.allowed
        // It worked a moment ago; a failure only makes later scenarios slower.
        defer { try? surroundings.allowed.confineMainThread() }
        try processors.confineMainThread()
        var runs: [Int: [EngineLoad.Outcome]] = [:]
        var uses: [Int: [Noise]] = [:]
        let counts = surroundings.shards.map { [$0] } ?? shards
        // Alternating, so that all see the machine in the same state.
        for number in 1...surroundings.runs {
            surroundings.say("engine: run \(number) of \(surroundings.runs)")
            for count in counts {
                let workplace = try Workplace(in: surroundings.directory)
                let outcome = try withExtendedLifetime(workplace) {
                    try EngineLoad(shards: count, directory: try workplace.directory("data")).run(
                        warmUpSeconds: 0.3, seconds: surroundings.pick(4, quick: 2))
                }
                runs[count, default: []].append(outcome)
                uses[count, default: []].append(outcome.noise)
            }
        }
        return counts.map { count in
            report(
                count, runs[count] ?? [], one: runs[1] ?? [], noise: Noise.worst(uses[count] ?? []),
                isJudged: processors.numbers.count >= count)
        }
    }

    private static func report(
        _ count: Int, _ runs: [EngineLoad.Outcome], one: [EngineLoad.Outcome], noise: Noise, isJudged: Bool
    ) -> ScenarioReport {
        var report = ScenarioReport(name, variant: "\(count) shard\(count == 1 ? "" : "s")")
        report.noise = noise
        report.add("signals_per_second", runs.map(\.perSecond), .higher)
        if count > 1, one.count == runs.count {
            let isTarget = isJudged && count == judged.shards
            report.add(
                "times_one_shard", zip(runs, one).map { $0.perSecond / $1.perSecond }, .higher,
                must: isTarget ? judged.must : nil, aim: isTarget ? judged.aim : nil)
        }
        report.add("engine_cpu_us_per_signal", runs.map(\.microsecondsPerSignal), .lower)
        report.add("busiest_engine", runs.map { $0.busyShares.max() ?? 0 })
        report.add("signals_per_transaction", runs.map(\.signalsPerTransaction))
        return report
    }
}
