import Glibc

/// Clients that ask for much and read nothing: the memory that the service uses for all of them, and afterwards.
enum PageUnread {
    private enum Kind: String {
        case streams = "500 streams stall"
        case answers = "300 answers unread"

        var count: Int {
            switch self {
            case .streams: 500
            case .answers: 300
            }
        }

        /// From the first event on, or up to the limit of one answer: 4 MiB.
        var path: String {
            switch self {
            case .streams: "/v1/conversations/\(subject)/stream?after=0"
            case .answers: "/v1/conversations/\(subject)/events?limit=1000"
            }
        }
    }

    private struct Run {
        var before: Int
        var peak: Int
        var after: Int
        /// For a small concurrent question: the slowest, and how many were answered.
        var slowestMilliseconds = 0.0
        var answered = 0
        var asked = 0
    }

    private static let subject = "large"
    private static let events = 1_000
    private static let eventBytes = 10_000
    private static let receiveBuffer: Int32 = 4_096
    private static let questionInterval: Int64 = 200_000_000

    static func run(_ surroundings: Surroundings) throws -> [ScenarioReport] {
        try [Kind.streams, .answers].map { kind in
            let runs = try (1...surroundings.runs).map { number in
                surroundings.say("page, \(kind.rawValue): run \(number) of \(surroundings.runs)")
                return try surroundings.withConvey { try measure(kind, surroundings, $0, $1) }
            }
            return report(kind, runs)
        }
    }

    private static func measure(
        _ kind: Kind, _ surroundings: Surroundings, _ broker: Broker, _ convey: ConveyServer
    ) throws -> Run {
        try fill(broker, convey)
        // Asked here for the first time, so that the cost of questions is not attributed to the readers.
        guard convey.get(kind == .answers ? kind.path : "/v1/conversations/\(subject)/events?limit=100")?.status == 200
        else { throw BenchError("the conversation cannot be read") }
        let settle = surroundings.pick(15.0, quick: 7)
        Clock.sleep(until: Clock.now + Int64(settle * 1e9))
        var run = Run(before: convey.residentBytes, peak: 0, after: 0)
        let descriptors = try (0..<kind.count).map { _ in try ask(kind.path, convey) }
        let end = Clock.now + Int64(surroundings.pick(15.0, quick: 4) * 1e9)
        var nextQuestion = Clock.now
        while Clock.now < end {
            try Interruption.check()
            run.peak = max(run.peak, convey.residentBytes)
            if Clock.now >= nextQuestion {
                let asked = Clock.now
                let answer = convey.get("/v1/conversations/other/state")
                run.asked += 1
                // "No such conversation" is an answer, too.
                if answer?.status == 404 { run.answered += 1 }
                run.slowestMilliseconds = max(run.slowestMilliseconds, Double(Clock.now - asked) / 1e6)
                nextQuestion = Clock.now + questionInterval
            }
            Clock.sleep(milliseconds: 10)
        }
        for descriptor in descriptors { close(descriptor) }
        Clock.sleep(until: Clock.now + Int64(settle * 1e9))
        run.after = convey.residentBytes
        return run
    }

    /// A conversation of 10 MB.
    private static func fill(_ broker: Broker, _ convey: ConveyServer) throws {
        let publisher = try broker.connect("fill")
        let text = SignalTemplates.words(eventBytes)
        try Feed(publisher: publisher, convey: convey) { _ in }.run(events) { number in
            let envelope =
                "{\"specversion\":\"1.0\",\"id\":\"large-\(number)\",\"source\":\"/bench\","
                + "\"type\":\"conv.in.note.taken\",\"subject\":\"\(subject)\",\"data\":{\"text\":\"\(text)\"}}"
            publisher.publish(
                MQTTCodec.publish(topic: "conv/in/\(subject)/note/taken", payload: Array(envelope.utf8)))
        }
        try convey.wait(for: "convey_signals_applied_total", toReach: events)
    }

    /// Asks on its own connection, and reads nothing.
    private static func ask(_ path: String, _ convey: ConveyServer) throws -> Int32 {
        let descriptor = try Loopback.connect(to: convey.httpPort, receiveBuffer: receiveBuffer)
        let request = Array("GET \(path) HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".utf8)
        guard send(descriptor, request, request.count, Int32(MSG_NOSIGNAL)) == request.count else {
            throw BenchError.system("cannot ask for \(path)")
        }
        return descriptor
    }

    private static func report(_ kind: Kind, _ runs: [Run]) -> ScenarioReport {
        var report = ScenarioReport(PageScenario.name, variant: kind.rawValue)
        report.add("resident_mb_before", runs.map { Double($0.before) / 1e6 })
        report.add("resident_mb_peak", runs.map { Double($0.peak) / 1e6 }, .lower)
        report.add("resident_mb_after", runs.map { Double($0.after) / 1e6 }, .lower)
        report.add("others_slowest_ms", runs.map(\.slowestMilliseconds), .lower)
        report.add("others_answered_percent", runs.map { 100 * Double($0.answered) / Double($0.asked) }, .higher)
        report.notes.append(
            "a conversation of \(events) events of \(eventBytes) bytes; beside it small questions about another one")
        return report
    }
}
