/// Answers that stream from a provider, as in `stream`, each watched over HTTP.
enum PageAnswers {
    private static let tokensPerSecond = 50.0
    private static let warmUpSeconds = 2.0
    private static let patience: Int64 = 60_000_000_000

    private struct Run {
        var use: CPUUse
        /// Tokens between the readings: the tokens seen, or, without streams, the tokens due.
        var tokens: Double
        var residentBytes: Int
        /// From the time a token was due until it was seen on its stream, in nanoseconds, sorted.
        var tokenDelays: [Double]
        /// From the time in an event until it was seen, sorted.
        var eventDelays: [Double]

        func microseconds(_ nanoseconds: Int64) -> Double { Double(nanoseconds) / 1_000 / tokens }
    }

    static func run(_ surroundings: Surroundings) throws -> ScenarioReport {
        var unwatched: [Run] = []
        var watched: [Run] = []
        for number in 1...surroundings.runs {
            surroundings.say("page, answers: run \(number) of \(surroundings.runs)")
            unwatched.append(try measure(surroundings, isWatched: false))
            watched.append(try measure(surroundings, isWatched: true))
        }
        return report(unwatched, watched)
    }

    private static func measure(_ surroundings: Surroundings, isWatched: Bool) throws -> Run {
        let seconds = surroundings.pick(4.0, quick: 2.5)
        let tokens = Int((warmUpSeconds + seconds + 1) * tokensPerSecond)
        let server = try TokenServer(.init(tokensPerSecond: tokensPerSecond, tokens: tokens))
        defer { server.stop() }
        let flags = ["--llm-base-url", "http://127.0.0.1:\(server.port)/v1", "--llm-model", "bench"]
        return try surroundings.withConvey(flags: flags) { broker, convey in
            let subjects = SignalTemplates.subjects("s", PageScenario.streams)
            let answers = WatchedAnswers(
                publisher: try broker.connect("pub"), subscriber: try broker.connect("ends"),
                live: LiveStreams(convey))
            try answers.begin(subjects, isWatched: isWatched)
            let start = Clock.now + Int64(warmUpSeconds * 1e9)
            try answers.run(until: start)
            let before = try PageScenario.reading(convey, broker)
            answers.measure(from: Clock.now)
            try answers.run(until: start + Int64(seconds * 1e9))
            let use = CPUUse(from: before, to: try PageScenario.reading(convey, broker))
            let residentBytes = convey.residentBytes
            let seen = answers.takeSeen()
            let deadline = Clock.now + patience
            while answers.completed < subjects.count {
                try answers.round()
                guard Clock.now < deadline else {
                    throw BenchError("only \(answers.completed) of \(subjects.count) answers were completed")
                }
            }
            try answers.live.catchUp()
            return Run(
                use: use,
                tokens: isWatched ? Double(seen.count) : Double(subjects.count) * tokensPerSecond * use.seconds,
                residentBytes: residentBytes, tokenDelays: seen.tokenDelays, eventDelays: seen.eventDelays)
        }
    }

    private static func report(_ unwatched: [Run], _ watched: [Run]) -> ScenarioReport {
        var report = ScenarioReport(PageScenario.name, variant: "\(PageScenario.streams) answers watched")
        report.noise = Noise.worst((unwatched + watched).map(\.use.noise))
        report.add("tokens_per_second", watched.map { $0.tokens / $0.use.seconds }, .higher)
        report.add("events_per_second", watched.map { Double($0.eventDelays.count) / $0.use.seconds })
        report.add("p50_token_delay_ms", watched.map { PageScenario.milliseconds(0.5, $0.tokenDelays) }, .lower)
        report.add("p99_token_delay_ms", watched.map { PageScenario.milliseconds(0.99, $0.tokenDelays) }, .lower)
        report.add("p50_event_delay_ms", watched.map { PageScenario.milliseconds(0.5, $0.eventDelays) }, .lower)
        report.add("p99_event_delay_ms", watched.map { PageScenario.milliseconds(0.99, $0.eventDelays) }, .lower)
        report.add("convey_cpu_us_per_token_unwatched", unwatched.map { $0.microseconds($0.use.convey) })
        report.add("convey_cpu_us_per_token", watched.map { $0.microseconds($0.use.convey) }, .lower)
        for stage in CPUUse.Stage.allCases {
            report.add(
                "convey_\(stage.rawValue)_cpu_us_per_token",
                watched.map { $0.microseconds($0.use.stages[stage] ?? 0) })
        }
        report.add("generator_cpu_us_per_token", watched.map { $0.microseconds($0.use.generator) })
        report.add("resident_mb_unwatched", unwatched.map { Double($0.residentBytes) / 1e6 })
        report.add("resident_mb", watched.map { Double($0.residentBytes) / 1e6 }, .lower)
        report.notes.append(
            "a token's delay has up to 50 ms in it for which deltas are gathered (llm.coalesce_delay), and 50 of the stream"
        )
        return report
    }
}

/// Requests answers and watches them. In both cases, their ends are seen over MQTT.
private final class WatchedAnswers {
    let live: LiveStreams
    private(set) var completed = 0
    private let publisher: Connection
    private let subscriber: Connection
    private var tally = TokenTally(from: .max)

    private static let typeMember = Array("\"type\":\"conv.out.assistant.".utf8)
    private static let rest: Int32 = 1

    init(publisher: Connection, subscriber: Connection, live: LiveStreams) {
        self.publisher = publisher
        self.subscriber = subscriber
        self.live = live
    }

    func begin(_ subjects: [String], isWatched: Bool) throws {
        try subscriber.subscribe(["conv/out/+/assistant/completed"])
        if isWatched { try live.open(subjects) }
        live.onEvent = { [unowned self] data, now in try read(data, at: now) }
        let kind = SignalTemplates.Kind(type: "message.received", text: "go on", tag: "page", textMember: "content")
        let templates = SignalTemplates(kind, subjects: subjects)
        for index in subjects.indices { templates.publish(index, subject: index, on: publisher) }
    }

    func measure(from start: Int64) {
        tally = TokenTally(from: start)
        live.isMeasuring = true
    }

    /// Ends the measured time.
    /// - Returns: how many tokens were seen in it; delays, sorted.
    func takeSeen() -> (count: Int, tokenDelays: [Double], eventDelays: [Double]) {
        live.isMeasuring = false
        return (tally.seen, tally.delays.sorted(), live.takeDelays())
    }

    func run(until end: Int64) throws {
        while Clock.now < end { try round() }
    }

    func round() throws {
        try Interruption.check()
        try publisher.flush()
        try subscriber.flush()
        try live.receive(waitMilliseconds: Self.rest)
        try publisher.receive { _, _ in }
        try subscriber.receive { _, _ in completed += 1 }
    }

    private func read(_ data: UnsafeRawBufferPointer, at now: Int64) throws {
        // A marker's own type comes before that of its signal, which has another name.
        guard let place = ByteSearch.find(Self.typeMember, in: data) else { return }
        let output = ByteSearch.text(in: data, at: place + Self.typeMember.count)
        try tally.read(output: output[...], data, at: now)
    }
}
