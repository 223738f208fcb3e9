/// Ten minutes at half the possible load: memory and open files when nothing should change.
enum SoakScenario {
    static let name = "soak"
    static let summary = "memory and open files over ten minutes of ingest at half the maximum rate"

    private static let sampleSeconds = 10.0

    private struct Sample {
        var seconds: Double
        var megabytes: Double
        var files: Double
    }

    static func run(_ surroundings: Surroundings) throws -> [ScenarioReport] {
        try surroundings.withConvey { broker, convey in
            surroundings.say("soak: looking for the maximum rate")
            let subjects = IngestScenario.subjects
            let fastest = try MarkerLoad.make(
                SignalTemplates(.init(tag: "fastest"), subjects: subjects), publishers: 1, broker: broker,
                convey: convey)
            let most = try fastest.run(.init(warmUpSeconds: 0.5, seconds: 2.5)).perSecond
            try fastest.verify()

            let load = try MarkerLoad.make(
                SignalTemplates(.init(tag: "soak"), subjects: subjects), publishers: 1, broker: broker, convey: convey)
            let start = Clock.now
            let end = start + Int64(surroundings.soakMinutes * 60e9)
            var samples: [Sample] = []
            var noise: [Noise] = []
            while Clock.now < end {
                let outcome = try load.run(.init(seconds: sampleSeconds, rate: most / 2))
                noise.append(CPUUse(from: outcome.before, to: outcome.after).noise)
                let sample = Sample(
                    seconds: Double(Clock.now - start) / 1e9, megabytes: Double(convey.residentBytes) / 1e6,
                    files: Double(convey.openFiles))
                samples.append(sample)
                surroundings.say(
                    "soak: \(Int(sample.seconds)) s, \(Table.readable(sample.megabytes)) MB, \(Int(sample.files)) files"
                )
            }
            try load.verify()
            return [report(samples, rate: Double(load.published) / (Double(Clock.now - start) / 1e9), noise)]
        }
    }

    private static func report(_ samples: [Sample], rate: Double, _ noise: [Noise]) -> ScenarioReport {
        var report = ScenarioReport(name)
        // The median of each minute counts: a moment's disturbance does not change memory.
        let sorted = noise.sorted { $0.total < $1.total }
        report.noise = sorted.isEmpty ? Noise() : sorted[sorted.count / 2]
        let settled = samples.filter { $0.seconds >= 60 }
        guard let first = settled.first ?? samples.first, let last = samples.last else { return report }
        report.add("minutes", [last.seconds / 60])
        report.add("signals_per_second", [rate])
        report.add("resident_mb_after_a_minute", [first.megabytes])
        report.add("resident_mb_at_end", [last.megabytes], .lower)
        report.add("resident_mb_most", [samples.map(\.megabytes).max() ?? 0])
        report.add("resident_mb_growth", [last.megabytes - first.megabytes], .lower)
        report.add(
            "resident_mb_per_hour", [Statistics.slope(settled.map { (x: $0.seconds / 3_600, y: $0.megabytes) })], .lower
        )
        report.add("open_files_after_a_minute", [first.files])
        report.add("open_files_growth", [last.files - first.files], .lower)
        report.notes.append("growth is from the first minute's end; the slope is of all samples from there")
        return report
    }
}
