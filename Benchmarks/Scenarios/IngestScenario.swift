/// Signals per second that are recorded, applied and announced: from publishing until each has been seen back as a
/// marker.
enum IngestScenario {
    static let name = "ingest"
    static let summary = "signals a second, publish until each is back as a marker; CPU, journal bytes"

    static func run(_ surroundings: Surroundings) throws -> [ScenarioReport] {
        try [1, 8].map { try run(surroundings, publishers: $0) }
    }

    /// One signal in a thousand conversations each, 300 bytes of data.
    static let subjects = SignalTemplates.subjects("s", 1_000)

    private struct Run {
        var bare: SignalLoad.Outcome
        var ingest: SignalLoad.Outcome
        var recordsPerCommit: Double
        var journalBytesPerSignal: Double

        var use: CPUUse { CPUUse(from: ingest.before, to: ingest.after) }
        var bareUse: CPUUse { CPUUse(from: bare.before, to: bare.after) }
        var ratio: Double { ingest.perSecond / bare.perSecond }

        /// Microseconds per signal.
        func microseconds(_ nanoseconds: Int64) -> Double { Double(nanoseconds) / 1_000 / Double(max(1, ingest.seen)) }
    }

    static func run(_ surroundings: Surroundings, publishers: Int) throws -> ScenarioReport {
        let variant = publishers == 1 ? "1 publisher" : "\(publishers) publishers"
        let runs = try (1...surroundings.runs).map { number in
            surroundings.say("ingest, \(variant): run \(number) of \(surroundings.runs)")
            return try measure(surroundings, publishers: publishers)
        }
        return report(runs, variant: variant)
    }

    private static func measure(_ surroundings: Surroundings, publishers: Int) throws -> Run {
        try surroundings.withBroker { broker, workplace in
            let kind = SignalTemplates.Kind(tag: "ingest")
            let bare = try BareHop.run(
                on: broker, kind, subjects: subjects, publishers: publishers,
                plan: .init(warmUpSeconds: 0.3, seconds: surroundings.pick(2, quick: 1)))
            let convey = try ConveyServer(
                surroundings.program, broker: broker, directory: try workplace.directory("convey"))
            let load = try MarkerLoad.make(
                SignalTemplates(kind, subjects: subjects), publishers: publishers, broker: broker, convey: convey)
            let before = try convey.metrics()
            let outcome = try load.run(.init(warmUpSeconds: 0.5, seconds: surroundings.pick(3, quick: 1.5)))
            try load.verify()
            let after = try convey.metrics()
            let total = try convey.stop()["convey_signals_received_total"]
            let bytes = Workplace.size(of: convey.dataDirectory)
            return Run(
                bare: bare, ingest: outcome, recordsPerCommit: Metrics.recordsPerCommit(from: before, to: after),
                journalBytesPerSignal: Double(bytes) / total)
        }
    }

    private static func report(_ runs: [Run], variant: String) -> ScenarioReport {
        var report = ScenarioReport(name, variant: variant)
        report.noise = Noise.worst(runs.flatMap { [$0.use.noise, $0.bareUse.noise] })
        report.add("signals_per_second", runs.map(\.ingest.perSecond), .higher)
        report.add("bare_hop_per_second", runs.map(\.bare.perSecond))
        report.add("ratio", runs.map(\.ratio), .higher, must: 0.25, aim: 0.4)
        report.add("convey_cpu_us_per_signal", runs.map { $0.microseconds($0.use.convey) }, .lower)
        for stage in CPUUse.Stage.allCases {
            report.add(
                "convey_\(stage.rawValue)_cpu_us_per_signal", runs.map { $0.microseconds($0.use.stages[stage] ?? 0) })
        }
        BusyShares.add(runs.map(\.use.busy), to: &report)
        report.add("broker_cpu_us_per_signal", runs.map { $0.microseconds($0.use.broker) })
        report.add(
            "convey_to_broker_cpu_ratio", runs.map { Double($0.use.convey) / Double(max(1, $0.use.broker)) }, .lower,
            must: 1.5, aim: 1)
        report.add("generator_cpu_us_per_signal", runs.map { $0.microseconds($0.use.generator) })
        report.add(
            "bare_hop_generator_cpu_us_per_message",
            runs.map { Double($0.bareUse.generator) / 1_000 / Double(max(1, $0.bare.seen)) })
        report.add("records_per_commit", runs.map(\.recordsPerCommit))
        report.add("journal_bytes_per_signal", runs.map(\.journalBytesPerSignal), .lower, must: 1_400, aim: 800)
        return report
    }
}
