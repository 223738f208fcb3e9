/// The cost of open but idle effects: generations whose provider sends nothing, and timers that are not due.
enum OpenEffectsScenario {
    static let name = "effects"
    static let summary = "memory and processor time of 10,000 generations without an answer and 100,000 timers"

    private static let generations = 10_000
    private static let idleSeconds = 2.0

    private struct Run {
        var bytes: Int
        var idle: CPUUse
        var secondsUntilReady: Double
    }

    static func run(_ surroundings: Surroundings) throws -> [ScenarioReport] {
        let timers = surroundings.pick(100_000, quick: 20_000)
        return [
            try report(surroundings, "generations", generations, type: "message.received", "\"content\":\"wait\""),
            try report(surroundings, "timers", timers, type: "timer.tick", "\"delay_ms\":86400000"),
        ]
    }

    private static func report(
        _ surroundings: Surroundings, _ variant: String, _ count: Int, type: String, _ member: String
    ) throws -> ScenarioReport {
        let runs = try (1...surroundings.runs).map { number in
            surroundings.say("effects: \(variant), run \(number) of \(surroundings.runs)")
            return try measure(surroundings, count, type, member)
        }
        var report = ScenarioReport(name, variant: "\(Table.readable(Double(count))) \(variant)")
        report.noise = Noise.worst(runs.map(\.idle.noise))
        report.add("bytes_each", runs.map { Double($0.bytes) / Double(count) }, .lower)
        report.add("resident_mb", runs.map { Double($0.bytes) / 1e6 }, .lower)
        report.add("idle_cpu_percent", runs.map { Double($0.idle.convey) / $0.idle.seconds / 1e7 }, .lower)
        report.add("restart_seconds", runs.map(\.secondsUntilReady), .lower)
        return report
    }

    private static let patience: Int64 = 120_000_000_000
    private static let rest: Int64 = 500

    /// Waits until everything about the effects has been published.
    private static func settle(_ convey: ConveyServer) throws {
        let deadline = Clock.now + patience
        while true {
            // First, so that recently applied signals have been handed to the outbox.
            Clock.sleep(milliseconds: rest)
            let metrics = try convey.metrics()
            if metrics["convey_outbox_lag"] == 0, metrics["convey_queue_depth"] == 0 { return }
            try Interruption.check()
            guard Clock.now < deadline else { throw BenchError("convey does not come to rest") }
        }
    }

    private static func measure(
        _ surroundings: Surroundings, _ count: Int, _ type: String, _ member: String
    ) throws -> Run {
        let server = try TokenServer(.init(tokensPerSecond: 1, tokens: 0))
        defer { server.stop() }
        let flags = [
            "--llm-base-url", "http://127.0.0.1:\(server.port)/v1", "--llm-model", "bench", "--llm-first-token-timeout",
            "10m", "--effects-llm-idle-timeout", "10m",
        ]
        return try surroundings.withBroker { broker, workplace in
            let directory = try workplace.directory("convey")
            let convey = try ConveyServer(surroundings.program, broker: broker, directory: directory, flags: flags)
            let before = convey.residentBytes
            let publisher = try broker.connect("pub")
            let feed = Feed(publisher: publisher, convey: convey) { _ in }
            try feed.run(count) { number in
                let topic = "conv/in/e-\(number)/\(type.replacing(".", with: "/"))"
                publisher.publish(MQTTCodec.publish(topic: topic, payload: Array("{\(member)}".utf8)))
            }
            // Each is recorded, applied, and for the most part announced.
            try convey.wait(for: "convey_signals_applied_total", toReach: count)
            try settle(convey)
            let start = try CPUReading(conveyID: convey.processID, brokerID: broker.processID)
            Clock.sleep(until: Clock.now + Int64(idleSeconds * 1e9))
            let end = try CPUReading(conveyID: convey.processID, brokerID: broker.processID)
            let bytes = convey.residentBytes - before
            convey.kill()
            let again = try ConveyServer(surroundings.program, broker: broker, directory: directory, flags: flags)
            again.kill()
            return Run(bytes: bytes, idle: CPUUse(from: start, to: end), secondsUntilReady: again.secondsUntilReady)
        }
    }
}
