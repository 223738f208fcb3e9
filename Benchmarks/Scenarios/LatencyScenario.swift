/// How long a signal takes until its marker is seen, at a steady rate that asks for less than there is.
///
/// An open loop: each signal has a time at which it is due, and its latency runs from there. A generator that waited for a
/// slow answer before it sent the next would leave out just the moments that are bad (coordinated omission).
enum LatencyScenario {
    static let name = "latency"
    static let summary = "publish until marker at 200, 1,000 and 5,000 signals a second, against the bare hop"

    private static let rates = [200, 1_000, 5_000]
    /// The rate that has targets.
    private static let judgedRate = 1_000

    private struct Run {
        var bare: SignalLoad.Outcome
        var convey: SignalLoad.Outcome

        var use: CPUUse { CPUUse(from: convey.before, to: convey.after) }
        var noise: Noise { .worst([use.noise, CPUUse(from: bare.before, to: bare.after).noise]) }
    }

    static func run(_ surroundings: Surroundings) throws -> [ScenarioReport] {
        var runs: [Int: [Run]] = [:]
        for number in 1...surroundings.runs {
            surroundings.say("latency: run \(number) of \(surroundings.runs)")
            try surroundings.withConvey { broker, convey in
                for rate in rates {
                    runs[rate, default: []].append(try measure(surroundings, rate, broker, convey))
                }
            }
        }
        return rates.map { report($0, runs[$0] ?? []) }
    }

    private static func measure(
        _ surroundings: Surroundings, _ rate: Int, _ broker: Broker, _ convey: ConveyServer
    ) throws -> Run {
        let kind = SignalTemplates.Kind(tag: "latency-\(rate)")
        let plan = SignalLoad.Plan(
            warmUpSeconds: 0.2, seconds: surroundings.pick(1.5, quick: 1.2), rate: Double(rate), measuresLatency: true)
        let bare = try BareHop.run(
            on: broker, kind, subjects: IngestScenario.subjects, publishers: 1, plan: plan)
        let load = try MarkerLoad.make(
            SignalTemplates(kind, subjects: IngestScenario.subjects), publishers: 1, broker: broker, convey: convey)
        let outcome = try load.run(plan)
        try load.verify()
        return Run(bare: bare, convey: outcome)
    }

    private static func report(_ rate: Int, _ runs: [Run]) -> ScenarioReport {
        var report = ScenarioReport(name, variant: "\(Table.readable(Double(rate)))/s")
        report.noise = Noise.worst(runs.map(\.noise))
        for (title, share) in [("p50", 0.5), ("p99", 0.99), ("p999", 0.999)] {
            let convey = runs.map { milliseconds($0.convey, share) }
            let bare = runs.map { milliseconds($0.bare, share) }
            report.add("\(title)_ms", convey, .lower)
            report.add("bare_hop_\(title)_ms", bare)
            let ratios = zip(convey, bare).map { $0 / $1 }
            switch (rate, title) {
            case (judgedRate, "p50"): report.add("p50_ratio", ratios, .lower, must: 8, aim: 4)
            case (judgedRate, "p99"): report.add("p99_ratio", ratios, .lower, must: 20, aim: 8)
            default: report.add("\(title)_ratio", ratios)
            }
        }
        report.add("samples", runs.map { Double($0.convey.latencies.count) })
        report.add("convey_cpu_us_per_signal", runs.map { Double($0.use.convey) / 1_000 / Double($0.convey.seen) })
        return report
    }

    private static func milliseconds(_ outcome: SignalLoad.Outcome, _ share: Double) -> Double {
        Statistics.percentile(share, ofSorted: outcome.latencies.sorted().map { Double($0) / 1e6 })
    }
}
