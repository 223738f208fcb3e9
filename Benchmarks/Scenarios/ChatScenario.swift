/// Whole answers: a message of ten words, echoed without delay, with all its events.
enum ChatScenario {
    static let name = "chat"
    static let summary = "events published a second for messages that the echo answers without delay"

    private static let conversations = 200
    private static let text = "what can you tell me about the weather tomorrow evening"

    private struct Run {
        var bare: SignalLoad.Outcome
        var chat: ChatLoad.Outcome

        var use: CPUUse { CPUUse(from: chat.before, to: chat.after) }
        var noise: Noise { .worst([use.noise, CPUUse(from: bare.before, to: bare.after).noise]) }
        var eventsPerSecond: Double { Double(chat.events) / chat.seconds }

        func microseconds(_ nanoseconds: Int64) -> Double { Double(nanoseconds) / 1_000 / Double(max(1, chat.events)) }
    }

    static func run(_ surroundings: Surroundings) throws -> [ScenarioReport] {
        let runs = try (1...surroundings.runs).map { number in
            surroundings.say("chat: run \(number) of \(surroundings.runs)")
            return try surroundings.withConvey(flags: ["--llm-echo-delay", "0ms"]) { broker, convey in
                try measure(surroundings, broker, convey)
            }
        }
        return [report(runs)]
    }

    private static func measure(
        _ surroundings: Surroundings, _ broker: Broker, _ convey: ConveyServer
    ) throws -> Run {
        let bare = try BareHop.run(
            on: broker, .init(tag: "chat"), subjects: IngestScenario.subjects, publishers: 1,
            plan: .init(warmUpSeconds: 0.3, seconds: surroundings.pick(2, quick: 1)))
        let subjects = SignalTemplates.subjects("c", conversations)
        let kind = SignalTemplates.Kind(type: "message.received", text: text, tag: "chat", textMember: "content")
        let load = try ChatLoad(
            publisher: try broker.connect("pub"), subscriber: try broker.connect("events"),
            templates: SignalTemplates(kind, subjects: subjects), prefix: "c",
            takeReading: { try CPUReading(conveyID: convey.processID, brokerID: broker.processID) })
        let chat = try load.run(warmUpSeconds: 0.5, seconds: surroundings.pick(3, quick: 1.5))
        try load.wait(forEvents: Int(try convey.metrics()["convey_events_published_total"]))
        return Run(bare: bare, chat: chat)
    }

    private static func report(_ runs: [Run]) -> ScenarioReport {
        var report = ScenarioReport(name)
        report.noise = Noise.worst(runs.map(\.noise))
        report.add("events_per_second", runs.map(\.eventsPerSecond), .higher)
        report.add("bare_hop_per_second", runs.map(\.bare.perSecond))
        report.add("ratio", runs.map { $0.eventsPerSecond / $0.bare.perSecond }, .higher, must: 0.25, aim: 0.4)
        report.add("answers_per_second", runs.map { Double($0.chat.answers) / $0.chat.seconds }, .higher)
        report.add("events_per_answer", runs.map { Double($0.chat.events) / Double(max(1, $0.chat.answers)) })
        report.add("event_bytes", runs.map { Double($0.chat.eventBytes) / Double(max(1, $0.chat.events)) })
        report.add("convey_cpu_us_per_event", runs.map { $0.microseconds($0.use.convey) }, .lower)
        for stage in CPUUse.Stage.allCases {
            report.add(
                "convey_\(stage.rawValue)_cpu_us_per_event", runs.map { $0.microseconds($0.use.stages[stage] ?? 0) })
        }
        BusyShares.add(runs.map(\.use.busy), to: &report)
        report.add("broker_cpu_us_per_event", runs.map { $0.microseconds($0.use.broker) })
        report.add("generator_cpu_us_per_event", runs.map { $0.microseconds($0.use.generator) })
        return report
    }
}
