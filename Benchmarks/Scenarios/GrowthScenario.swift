/// The cost of a journal's size: the speed of ingest, memory, and the time to be ready after a crash.
///
/// One journal grows through all marks, by signals in very many conversations. Each mark measures the same burst as
/// `ingest`, in conversations that exist from the first mark on.
enum GrowthScenario {
    static let name = "growth"
    static let summary = "ingest, memory and restarts as a journal grows to a million signals in 100,000 conversations"

    /// A size to measure at.
    private struct Mark {
        /// Part of the numbers' names.
        var name: String
        var records = 0
        var signals = 0
        /// Whether to kill Convey there. Not in the middle: the last process must have processed the signals itself,
        /// because its memory is judged.
        var restarts = 0
    }

    private static func marks(_ surroundings: Surroundings) -> [Mark] {
        let runs = surroundings.runs
        if surroundings.isQuick {
            return [Mark(name: "empty"), Mark(name: "100k_records", records: 100_000, restarts: runs)]
        }
        return [
            Mark(name: "empty"), Mark(name: "100k_records", records: 100_000, restarts: 1),
            Mark(name: "1m_records", records: 1_000_000),
            Mark(name: "1m_signals", signals: 1_000_000, restarts: runs),
        ]
    }

    static func run(_ surroundings: Surroundings) throws -> [ScenarioReport] {
        try surroundings.withBroker { broker, workplace in
            let journal = try GrowingJournal(
                surroundings, broker: broker, directory: try workplace.directory("convey"),
                conversations: surroundings.pick(100_000, quick: 10_000))
            let marks = marks(surroundings)
            var sizes: [Size] = []
            for mark in marks { sizes.append(try measure(mark, journal, surroundings)) }
            let records = try journal.stop()
            return [report(sizes, records: records, journal, surroundings)]
        }
    }

    /// The measurements at one mark.
    private struct Size {
        var mark: Mark
        var bare: SignalLoad.Outcome
        var bursts: [SignalLoad.Outcome]
        var residentMegabytes: Double
        var secondsUntilReady: [Double]

        var noise: Noise { .worst((bursts + [bare]).map { CPUUse(from: $0.before, to: $0.after).noise }) }
    }

    private static func measure(
        _ mark: Mark, _ journal: GrowingJournal, _ surroundings: Surroundings
    ) throws -> Size {
        if mark.records > 0 || mark.signals > 0 { surroundings.say("growth: to \(mark.name)") }
        try journal.grow(toRecords: mark.records, signals: mark.signals)
        let resident = Double(journal.convey.residentBytes) / 1e6
        surroundings.say("growth: measuring at \(mark.name)")
        let bare = try BareHop.run(
            on: journal.broker, .init(tag: "growth"), subjects: IngestScenario.subjects, publishers: 1,
            plan: .init(warmUpSeconds: 0.2, seconds: 1))
        // The first burst after a start has cold caches and new conversations: the others must not be compared with it.
        _ = try journal.burst(.init(seconds: 0.7))
        let bursts = try (0..<surroundings.runs).map { _ in
            try journal.burst(.init(warmUpSeconds: 0.4, seconds: surroundings.pick(1.5, quick: 1)))
        }
        let first =
            mark.restarts == 0 && mark.records == 0 && mark.signals == 0 ? [journal.convey.secondsUntilReady] : []
        let restarts = try (0..<mark.restarts).map { _ in try journal.restart() }
        return Size(
            mark: mark, bare: bare, bursts: bursts, residentMegabytes: resident, secondsUntilReady: first + restarts)
    }

    private static func report(
        _ sizes: [Size], records: Int, _ journal: GrowingJournal, _ surroundings: Surroundings
    ) -> ScenarioReport {
        var report = ScenarioReport(name)
        report.noise = Noise.worst(sizes.map(\.noise))
        for size in sizes {
            report.add("signals_per_second_\(size.mark.name)", size.bursts.map(\.perSecond), .higher)
            report.add("resident_mb_\(size.mark.name)", [size.residentMegabytes], .lower)
            report.add("ready_seconds_\(size.mark.name)", size.secondsUntilReady, .lower)
        }
        let empty = Spread(sizes[0].bursts.map(\.perSecond)).median
        // The first mark with the target's number of records; in a quick run, the largest.
        let large = sizes.first { $0.mark.records >= 1_000_000 } ?? sizes[sizes.count - 1]
        report.add(
            "throughput_to_empty_\(large.mark.name)", large.bursts.map { $0.perSecond / empty }, .higher, must: 0.8,
            aim: 0.95)
        let last = sizes[sizes.count - 1]
        let isJudged = !surroundings.isQuick
        report.add(
            "resident_mb", [last.residentMegabytes], .lower, must: isJudged ? 200 : nil, aim: isJudged ? 100 : nil)
        report.add("ready_after_kill_seconds", last.secondsUntilReady, .lower, must: 2, aim: 0.5)
        report.add("bare_hop_per_second", sizes.map(\.bare.perSecond))
        report.add("records_at_end", [Double(records)])
        report.add("journal_mb_at_end", [Double(Workplace.size(of: journal.convey.dataDirectory)) / 1e6])
        if surroundings.isQuick {
            report.notes.append("a quick run: 10,000 conversations and 100,000 records, where a full one has a million")
        }
        return report
    }
}
