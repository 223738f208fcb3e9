import Foundation
import Synchronization

/// The cost of an answer: the last page of conversations of 100, 10,000 and 100,000 events, and the cost of questions
/// for ingest.
enum QueryScenario {
    static let name = "query"
    static let summary = "the last page of conversations of 100 to 100,000 events; ingest with questions and without"

    private static let sizes = [100, 10_000, 100_000]
    private static let views = ["timeline", "events", "context", "state"]

    static func run(_ surroundings: Surroundings) throws -> [ScenarioReport] {
        try surroundings.withConvey { broker, convey in
            let sizes = surroundings.isQuick ? Array(Self.sizes.dropLast()) : Self.sizes
            var reports: [ScenarioReport] = []
            var smallest: Double?
            for events in sizes {
                surroundings.say("query: a conversation of \(events) events")
                let subject = "q-\(events)"
                try fill(subject, events: events, broker: broker, convey: convey)
                let report = try measure(subject, events: events, broker, convey, surroundings, smallest: &smallest)
                reports.append(report)
            }
            surroundings.say("query: ingest with questions and without")
            reports.append(try ingest(surroundings, broker, convey, subject: "q-\(sizes[sizes.count - 1])"))
            return reports
        }
    }

    /// Records answers of an assistant from outside, which a timeline shows and which order no effects; each has a
    /// marker.
    private static func fill(_ subject: String, events: Int, broker: Broker, convey: ConveyServer) throws {
        let before = try convey.metrics()
        let publisher = try broker.connect("fill-\(subject)")
        let text = SignalTemplates.words(200)
        let signals = events / 2
        try Feed(publisher: publisher, convey: convey) { _ in }.run(signals) { number in
            let envelope =
                "{\"specversion\":\"1.0\",\"id\":\"\(subject)-\(number)\",\"source\":\"/bench\","
                + "\"type\":\"conv.out.assistant.completed\",\"subject\":\"\(subject)\",\"data\":{\"output_id\":\"o-\(number)\","
                + "\"channel\":\"primary\",\"effect_id\":\"e-\(number)\",\"content\":\"\(text)\"}}"
            publisher.publish(MQTTCodec.publish(topic: "conv/ingest/\(subject)", payload: Array(envelope.utf8)))
        }
        try convey.wait(
            for: "convey_signals_applied_total", toReach: Int(before["convey_signals_applied_total"]) + signals)
    }

    private static func measure(
        _ subject: String, events: Int, _ broker: Broker, _ convey: ConveyServer, _ surroundings: Surroundings,
        smallest: inout Double?
    ) throws -> ScenarioReport {
        var report = ScenarioReport(name, variant: "\(Table.readable(Double(events))) events")
        let questions = surroundings.pick(300, quick: 100)
        let before = try CPUReading(conveyID: convey.processID, brokerID: broker.processID)
        var bare: [Double] = []
        for view in views {
            let path = "/v1/conversations/\(subject)/\(view)"
            report.add("\(view)_first_ms", [try milliseconds(path, convey)], .lower)
            var medians: [Double] = []
            var slowest: [Double] = []
            for _ in 0..<surroundings.runs {
                let times = try (0..<questions).map { _ in try milliseconds(path, convey) }.sorted()
                medians.append(Statistics.percentile(0.5, ofSorted: times))
                slowest.append(Statistics.percentile(0.99, ofSorted: times))
                bare.append(
                    Statistics.percentile(
                        0.5, ofSorted: try (0..<questions).map { _ in try milliseconds("/healthz", convey) }.sorted()))
            }
            report.add("\(view)_p50_ms", medians, .lower)
            report.add("\(view)_p99_ms", slowest, .lower)
            if view == "timeline" {
                let median = Spread(medians).median
                if let smallest {
                    report.add("timeline_p50_to_100_events", medians.map { $0 / smallest }, .lower, must: 2, aim: 1.3)
                } else {
                    smallest = median
                }
            }
        }
        report.add("bare_get_p50_ms", bare)
        let after = try CPUReading(conveyID: convey.processID, brokerID: broker.processID)
        report.noise = CPUUse(from: before, to: after).noise
        return report
    }

    private static func milliseconds(_ path: String, _ convey: ConveyServer) throws -> Double {
        let start = Clock.now
        let answer = convey.get(path)
        guard let answer, answer.status == 200 else {
            throw BenchError(
                "\(path) is answered with \(answer.map { "\($0.status): \($0.body.prefix(200))" } ?? "nothing")")
        }
        return Double(Clock.now - start) / 1e6
    }

    /// The load of `ingest`, alternately with nobody asking and with somebody asking all the time.
    private static func ingest(
        _ surroundings: Surroundings, _ broker: Broker, _ convey: ConveyServer, subject: String
    ) throws -> ScenarioReport {
        var report = ScenarioReport(name, variant: "ingest")
        var quiet: [SignalLoad.Outcome] = []
        var asked: [SignalLoad.Outcome] = []
        var rates: [Double] = []
        for run in 0..<surroundings.runs {
            for isAsked in [false, true] {
                let templates = SignalTemplates(
                    .init(tag: "query-\(run)-\(isAsked)"), subjects: IngestScenario.subjects)
                let load = try MarkerLoad.make(templates, publishers: 1, broker: broker, convey: convey)
                let asker = isAsked ? Asker(convey, subject: subject) : nil
                let outcome = try load.run(
                    .init(warmUpSeconds: 0.4, seconds: surroundings.pick(2, quick: 1)))
                if let asker { rates.append(asker.stop()) }
                try load.verify()
                if isAsked { asked.append(outcome) } else { quiet.append(outcome) }
            }
        }
        report.noise = Noise.worst((quiet + asked).map { CPUUse(from: $0.before, to: $0.after).noise })
        report.add("signals_per_second", quiet.map(\.perSecond), .higher)
        report.add("signals_per_second_while_asked", asked.map(\.perSecond), .higher)
        report.add("answers_per_second", rates)
        let ratios = zip(asked, quiet).map { $0.perSecond / $1.perSecond }
        report.add("throughput_while_asked_to_not", ratios, .higher, must: 0.7, aim: 0.9)
        return report
    }
}

/// Asks for the views of a conversation in turn, 100 times a second, until it is stopped.
private final class Asker: Sendable {
    private static let pauseMilliseconds: Int64 = 10
    private let isStopping = Atomic(false)
    private let answered = Atomic(0)
    private let ended = DispatchSemaphore(value: 0)
    private let start = Clock.now

    init(_ convey: ConveyServer, subject: String) {
        let port = convey.httpPort
        let thread = Thread { [self] in
            let views = ["timeline", "events", "context", "state"]
            while !isStopping.load(ordering: .acquiring) {
                let count = answered.load(ordering: .relaxed)
                let answer = Loopback.get("/v1/conversations/\(subject)/\(views[count % views.count])", port: port)
                if answer?.status == 200 { answered.add(1, ordering: .relaxed) }
                Clock.sleep(milliseconds: Self.pauseMilliseconds)
            }
            ended.signal()
        }
        thread.start()
    }

    /// - Returns: answers per second.
    func stop() -> Double {
        isStopping.store(true, ordering: .releasing)
        ended.wait()
        return Double(answered.load(ordering: .relaxed)) / (Double(Clock.now - start) / 1e9)
    }
}
