/// People who watch: the cost of live streams over HTTP, and whether anybody has to wait for them.
///
/// Each stream must bring every event of its conversation once and in order, or the scenario fails.
enum PageScenario {
    static let name = "page"
    static let summary =
        "200 live streams: memory and CPU, ingest beside them, answers on them, one that stalls, and crowds that do"

    /// The number of open streams.
    static let streams = 200

    static func run(_ surroundings: Surroundings) throws -> [ScenarioReport] {
        [
            try idle(surroundings), try PageIngest.run(surroundings), try PageAnswers.run(surroundings),
            try PageStall.run(surroundings),
        ] + (try PageUnread.run(surroundings))
    }

    /// Processor time in percent of one processor.
    static func percent(_ use: CPUUse) -> Double { Double(use.convey) / use.seconds / 1e7 }

    static func milliseconds(_ share: Double, _ delays: [Double]) -> Double {
        Statistics.percentile(share, ofSorted: delays) / 1e6
    }

    static func reading(_ convey: ConveyServer, _ broker: Broker) throws -> CPUReading {
        try CPUReading(conveyID: convey.processID, brokerID: broker.processID)
    }

    /// Streams without events.
    private struct Idle {
        var without: CPUUse
        var with: CPUUse
        var bytes: Int
        var residentBytes: Int
        var files: Int
        var openMilliseconds: Double
    }

    private static let settleMilliseconds: Int64 = 500

    private static func idle(_ surroundings: Surroundings) throws -> ScenarioReport {
        let runs = try (1...surroundings.runs).map { number in
            surroundings.say("page, idle: run \(number) of \(surroundings.runs)")
            return try surroundings.withConvey { try measureIdle(surroundings, $0, $1) }
        }
        var report = ScenarioReport(name, variant: "\(streams) idle streams")
        report.noise = Noise.worst(runs.flatMap { [$0.without.noise, $0.with.noise] })
        report.add("bytes_each", runs.map { Double($0.bytes) / Double(streams) }, .lower)
        report.add("resident_mb", runs.map { Double($0.residentBytes) / 1e6 }, .lower)
        report.add("files_each", runs.map { Double($0.files) / Double(streams) }, .lower)
        report.add("open_ms_each", runs.map { $0.openMilliseconds / Double(streams) }, .lower)
        report.add("idle_cpu_percent_without", runs.map { percent($0.without) })
        report.add("idle_cpu_percent", runs.map { percent($0.with) }, .lower)
        return report
    }

    private static func measureIdle(
        _ surroundings: Surroundings, _ broker: Broker, _ convey: ConveyServer
    ) throws -> Idle {
        let idleSeconds = surroundings.pick(5.0, quick: 2)
        let subjects = SignalTemplates.subjects("i", streams)
        let publisher = try broker.connect("pub")
        let templates = SignalTemplates(.init(tag: "idle"), subjects: subjects)
        let feed = Feed(publisher: publisher, convey: convey) { _ in }
        try feed.run(streams) { templates.publish($0, subject: $0, on: publisher) }
        try convey.wait(for: "convey_signals_applied_total", toReach: streams)
        let live = LiveStreams(convey)
        // Asked here for the first time, so that the cost of questions is not attributed to the streams.
        for subject in subjects { _ = try live.newestOffset(of: subject) }
        Clock.sleep(milliseconds: settleMilliseconds)
        let (bytes, files) = (convey.residentBytes, convey.openFiles)
        let without = try idleUse(idleSeconds, convey, broker)
        let start = Clock.now
        try live.open(subjects)
        let openMilliseconds = Double(Clock.now - start) / 1e6
        Clock.sleep(milliseconds: settleMilliseconds)
        let with = try idleUse(idleSeconds, convey, broker)
        let residentBytes = convey.residentBytes
        let result = Idle(
            without: without, with: with, bytes: residentBytes - bytes, residentBytes: residentBytes,
            files: convey.openFiles - files, openMilliseconds: openMilliseconds)
        // They were open all the time.
        try feed.run(streams) { templates.publish(streams + $0, subject: $0, on: publisher) }
        try convey.wait(for: "convey_signals_applied_total", toReach: 2 * streams)
        try live.catchUp()
        guard live.events == 2 * streams else {
            throw BenchError("\(live.events) events came on live streams, and not \(2 * streams)")
        }
        return result
    }

    private static func idleUse(_ seconds: Double, _ convey: ConveyServer, _ broker: Broker) throws -> CPUUse {
        let before = try reading(convey, broker)
        Clock.sleep(until: Clock.now + Int64(seconds * 1e9))
        return CPUUse(from: before, to: try reading(convey, broker))
    }
}
