/// The gain from more processors and more shards: ingest and chat for each number of either.
enum CoresScenario {
    static let name = "cores"
    static let summary = "ingest and chat on 2, 4 and all processors with 1, 2, 4 and 8 shards; which thread limits"

    private static let counts = [2, 4]
    private static let shards = [1, 2, 4, 8]
    private static let publishers = 8
    /// From this many processors on Convey must keep the broker's thread busy.
    private static let judgedCount = 4
    private static let brokerBusy = BusyShares.key(BusyShares.broker)

    private enum Load: String, CaseIterable {
        case ingest, chat

        var rate: String {
            switch self {
            case .ingest: "signals_per_second"
            case .chat: "events_per_second"
            }
        }
    }

    static func run(_ surroundings: Surroundings) throws -> [ScenarioReport] {
        // Later scenarios run on the processors they asked for. It worked a moment ago; a failure only makes them
        // slower.
        defer { try? surroundings.allowed.confineMainThread() }
        let present = surroundings.allowed.numbers.count
        var counts = Self.counts.filter { $0 < present } + [present]
        if let cores = surroundings.cores { counts = [try cores.processors(of: surroundings.allowed).numbers.count] }
        var shards = try knowsShards(surroundings) ? Self.shards : [1]
        if let number = surroundings.shards { shards = [number] }
        return try counts.flatMap { count in
            try Load.allCases.flatMap { load in try run(load, count: count, shards: shards, surroundings) }
        }
    }

    /// All numbers of shards on a number of processors, and the best of them.
    private static func run(
        _ load: Load, count: Int, shards: [Int], _ surroundings: Surroundings
    ) throws -> [ScenarioReport] {
        var reports: [ScenarioReport] = []
        var confined = try surroundings.confined(to: .count(count))
        for number in shards {
            confined.program.shards = number
            var report =
                switch load {
                case .ingest: try IngestScenario.run(confined, publishers: publishers)
                case .chat: try ChatScenario.run(confined)[0]
                }
            report.scenario = name
            report.variant = "\(load.rawValue), \(count) cores, \(number) shard\(number == 1 ? "" : "s")"
            // Their targets are for one kind of machine.
            for index in report.numbers.indices { report.numbers[index].target = nil }
            report.notes.append(bound(in: report, load, count: count))
            reports.append(report)
        }
        guard let best = reports.max(by: { rate($0, load) < rate($1, load) }) else { return reports }
        var summary = ScenarioReport(name, variant: "\(load.rawValue), \(count) cores, best")
        summary.noise = best.noise
        summary.add(load.rate, values(load.rate, best), .higher)
        let busy = values(brokerBusy, best)
        let isJudged = count >= judgedCount
        summary.add(brokerBusy, busy, .higher, must: isJudged ? 0.9 : nil, aim: isJudged ? 0.97 : nil)
        summary.notes.append(best.variant)
        return reports + [summary]
    }

    /// What the busy shares imply for a machine with a processor for each thread.
    private static func bound(in report: ScenarioReport, _ load: Load, count: Int) -> String {
        let rate = rate(report, load)
        let bounds = report.numbers.filter { $0.name.hasPrefix("busy_") && $0.spread.median > 0 }
            .map { (thread: $0.name.dropFirst("busy_".count), perSecond: rate / $0.spread.median) }
            .sorted { $0.perSecond < $1.perSecond }
        let words = bounds.prefix(3).map { "\($0.thread) \(Table.readable($0.perSecond))/s" }
        return "each thread alone on a core would allow: \(words.joined(separator: ", "))"
    }

    private static func rate(_ report: ScenarioReport, _ load: Load) -> Double {
        let values = values(load.rate, report)
        return values.isEmpty ? 0 : Spread(values).median
    }

    private static func values(_ name: String, _ report: ScenarioReport) -> [Double] {
        report.numbers.first { $0.name == name }?.values ?? []
    }

    /// Versions without shards have one.
    private static func knowsShards(_ surroundings: Surroundings) throws -> Bool {
        let workplace = try Workplace(in: surroundings.directory)
        return try withExtendedLifetime(workplace) {
            let help = try ChildProcess(
                surroundings.program.path, ["serve", "--help"], environment: ["PATH": "/usr/bin:/bin"],
                logFile: "\(workplace.path)/help")
            try help.waitForEnd(timeoutSeconds: 10)
            return help.log.contains("--journal-shards")
        }
    }
}
