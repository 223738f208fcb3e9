/// The time from a signal to its marker, at a steady rate below capacity.
///
/// An open loop: each signal has a due time, and its latency starts there. A generator that waited for a slow answer
/// before it sent the next would leave out exactly the bad moments (coordinated omission).
enum LatencyScenario {
    static let name = "latency"
    static let summary =
        "publish until marker at 200, 1,000 and 5,000 signals/s, against the bare hop and at checkpoints"

    private static let rates = [200, 1_000, 5_000]
    /// The rates that have targets.
    private static let judgedRates = [1_000, 5_000]
    /// Fast enough for a checkpoint every two seconds, slow enough for two processors.
    private static let checkpointRate = 5_000

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
        return rates.map { report($0, runs[$0] ?? []) } + [try checkpoints(surroundings)]
    }

    /// Long enough for twenty checkpoints; a quick run for four.
    private static func checkpoints(_ surroundings: Surroundings) throws -> ScenarioReport {
        var latencies: [[Int64]] = []
        var uses: [CPUUse] = []
        for number in 1...surroundings.runs {
            surroundings.say("latency, checkpoints: run \(number) of \(surroundings.runs)")
            try surroundings.withConvey { broker, convey in
                let load = try MarkerLoad.make(
                    SignalTemplates(.init(tag: "checkpoints"), subjects: IngestScenario.subjects), publishers: 1,
                    broker: broker, convey: convey)
                let outcome = try load.run(
                    .init(
                        seconds: surroundings.pick(34, quick: 7), rate: Double(checkpointRate), measuresLatency: true))
                try load.verify()
                latencies.append(CheckpointWindows(recordedBefore: 0, first: 0).latencies(of: outcome))
                uses.append(CPUUse(from: outcome.before, to: outcome.after))
            }
        }
        var report = ScenarioReport(name, variant: "\(Table.readable(Double(checkpointRate)))/s at checkpoints")
        report.noise = Noise.worst(uses.map(\.noise))
        func add(_ title: String, _ share: Double, must: Double? = nil, aim: Double? = nil) {
            report.add(title, latencies.map { milliseconds($0, share) }, .lower, must: must, aim: aim)
        }
        add("checkpoint_p50_ms", 0.5)
        add("checkpoint_p99_ms", 0.99)
        add("checkpoint_p999_ms", 0.999, must: 10, aim: 5)
        add("checkpoint_max_ms", 1)
        report.add("samples", latencies.map { Double($0.count) })
        return report
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
            switch (judgedRates.contains(rate), title) {
            case (true, "p50"): report.add("p50_ratio", ratios, .lower, must: 8, aim: 4)
            case (true, "p99"): report.add("p99_ratio", ratios, .lower, must: 20, aim: 8)
            default: report.add("\(title)_ratio", ratios)
            }
        }
        report.add("samples", runs.map { Double($0.convey.latencies.count) })
        BusyShares.add(runs.map(\.use.busy), to: &report)
        report.add("convey_cpu_us_per_signal", runs.map { Double($0.use.convey) / 1_000 / Double($0.convey.seen) })
        return report
    }

    private static func milliseconds(_ outcome: SignalLoad.Outcome, _ share: Double) -> Double {
        milliseconds(outcome.latencies.sorted(), share)
    }

    private static func milliseconds(_ sorted: [Int64], _ share: Double) -> Double {
        Statistics.percentile(share, ofSorted: sorted.map { Double($0) / 1e6 })
    }
}
