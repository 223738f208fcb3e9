/// Many answers that stream at once from a provider on this machine: the cost of a token, and its delay.
enum StreamScenario {
    static let name = "stream"
    static let summary = "200 answers that stream 50 tokens a second each: processor time, rows and delay a token"

    private static let conversations = 200
    private static let tokensPerSecond = 50.0
    private static let warmUpSeconds = 2.0
    private static let patience: Int64 = 60_000_000_000

    private struct Run {
        var use: CPUUse
        /// Tokens that the provider sent between the readings.
        var tokens: Double
        var rows: Double
        var journalBytes: Double
        var residentBytes: Int
        /// From the time a token was due until it was seen, in nanoseconds, sorted.
        var delays: [Double]

        func microseconds(_ nanoseconds: Int64) -> Double { Double(nanoseconds) / 1_000 / tokens }
    }

    static func run(_ surroundings: Surroundings) throws -> [ScenarioReport] {
        let runs = try (1...surroundings.runs).map { number in
            surroundings.say("stream: run \(number) of \(surroundings.runs)")
            return try measure(surroundings)
        }
        return [report(runs)]
    }

    private static func measure(_ surroundings: Surroundings) throws -> Run {
        let seconds = surroundings.pick(5.0, quick: 3)
        let tokens = Int((warmUpSeconds + seconds + 1) * tokensPerSecond)
        let server = try TokenServer(.init(tokensPerSecond: tokensPerSecond, tokens: tokens))
        defer { server.stop() }
        let flags = ["--llm-base-url", "http://127.0.0.1:\(server.port)/v1", "--llm-model", "bench"]
        return try surroundings.withConvey(flags: flags) { broker, convey in
            let subjects = SignalTemplates.subjects("s", conversations)
            let publisher = try broker.connect("pub")
            let subscriber = try broker.connect("deltas")
            try subscriber.subscribe(["conv/out/+/assistant/+"])
            var tally = TokenTally(from: 0)
            func round() throws {
                try Interruption.check()
                try publisher.flush()
                try subscriber.flush()
                Clock.sleep(until: Clock.now + 1_000_000)
                try publisher.receive { _, _ in }
                try subscriber.receive { topic, payload in try tally.read(topic, payload, at: Clock.now) }
            }
            let kind = SignalTemplates.Kind(
                type: "message.received", text: "go on", tag: "stream", textMember: "content")
            let templates = SignalTemplates(kind, subjects: subjects)
            for index in subjects.indices { templates.publish(index, subject: index, on: publisher) }
            let start = Clock.now + Int64(warmUpSeconds * 1e9)
            while Clock.now < start { try round() }
            let before = try (
                cpu: reading(convey, broker), metrics: convey.metrics(), bytes: Workplace.size(of: convey.dataDirectory)
            )
            tally = TokenTally(from: Clock.now)
            while Clock.now < start + Int64(seconds * 1e9) { try round() }
            let after = try (
                cpu: reading(convey, broker), metrics: convey.metrics(), bytes: Workplace.size(of: convey.dataDirectory)
            )
            let residentBytes = convey.residentBytes
            let use = CPUUse(from: before.cpu, to: after.cpu)
            let delays = tally.delays.sorted()
            let deadline = Clock.now + patience
            while tally.completed < conversations {
                try round()
                guard Clock.now < deadline else {
                    throw BenchError("only \(tally.completed) of \(conversations) answers were completed")
                }
            }
            let recorded =
                after.metrics["convey_signals_recorded_total"] - before.metrics["convey_signals_recorded_total"]
            return Run(
                use: use, tokens: Double(conversations) * tokensPerSecond * use.seconds, rows: recorded,
                journalBytes: Double(after.bytes - before.bytes), residentBytes: residentBytes, delays: delays)
        }
    }

    private static func reading(_ convey: ConveyServer, _ broker: Broker) throws -> CPUReading {
        try CPUReading(conveyID: convey.processID, brokerID: broker.processID)
    }

    private static func report(_ runs: [Run]) -> ScenarioReport {
        var report = ScenarioReport(name)
        report.noise = Noise.worst(runs.map(\.use.noise))
        report.add("tokens_per_second", runs.map { Double($0.delays.count) / $0.use.seconds }, .higher)
        for (title, share) in [("p50", 0.5), ("p99", 0.99)] {
            let delays = runs.map { Statistics.percentile(share, ofSorted: $0.delays) / 1e6 }
            report.add("\(title)_delay_ms", delays, .lower)
        }
        report.add("rows_per_token", runs.map { $0.rows / $0.tokens }, .lower)
        report.add("convey_cpu_us_per_token", runs.map { $0.microseconds($0.use.convey) }, .lower)
        for stage in CPUUse.Stage.allCases {
            report.add(
                "convey_\(stage.rawValue)_cpu_us_per_token", runs.map { $0.microseconds($0.use.stages[stage] ?? 0) })
        }
        report.add("broker_cpu_us_per_token", runs.map { $0.microseconds($0.use.broker) })
        report.add("resident_mb", runs.map { Double($0.residentBytes) / 1e6 }, .lower)
        report.notes.append("a delay has up to 50 ms in it for which deltas are gathered (llm.coalesce_delay)")
        return report
    }
}

/// Finds the tokens of `TokenServer` in deltas.
struct TokenTally {
    /// Of tokens due at or after `start`, in nanoseconds.
    private(set) var delays: [Double] = []
    /// All tokens, whenever they were due.
    private(set) var seen = 0
    private(set) var completed = 0
    private let start: Int64

    private static let member = Array("\"delta\":\"".utf8)

    init(from start: Int64) {
        self.start = start
    }

    mutating func read(_ topic: UnsafeRawBufferPointer, _ payload: UnsafeRawBufferPointer, at now: Int64) throws {
        guard let name = String(decoding: topic, as: UTF8.self).split(separator: "/").last else { return }
        try read(output: name, payload, at: now)
    }

    /// - Parameter output: the type behind `conv.out.assistant.`.
    mutating func read(output: Substring, _ payload: UnsafeRawBufferPointer, at now: Int64) throws {
        switch output {
        case "delta": tokens(payload, now)
        case "completed": completed += 1
        case "failed", "canceled", "reset":
            throw BenchError("an answer did not go well: \(String(decoding: payload, as: UTF8.self))")
        default: break
        }
    }

    private mutating func tokens(_ payload: UnsafeRawBufferPointer, _ now: Int64) {
        guard var place = ByteSearch.find(Self.member, in: payload).map({ $0 + Self.member.count }) else { return }
        while place < payload.count, payload[place] == UInt8(ascii: "t") {
            guard let due = ByteSearch.number(in: payload, at: place + 1) else { return }
            let time = Int64(due) * 1_000
            seen += 1
            if time >= start { delays.append(Double(now - time)) }
            while place < payload.count, payload[place] != UInt8(ascii: " ") { place += 1 }
            place += 1
        }
    }
}
