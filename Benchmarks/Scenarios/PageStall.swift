/// One reader of a busy conversation stops reading. The other streams must not notice, the service must not keep unread
/// data, and must finally close the connection; after the reader continues, it gets the rest.
enum PageStall {
    /// The load in each of the two phases.
    private struct Phase {
        var use: CPUUse
        /// Of all streams but the busy conversation's, sorted.
        var delays: [Double]
        /// Convey's memory: seconds, bytes.
        var memory: [(x: Double, y: Double)]
    }

    private struct Run {
        var quiet: Phase
        var stalled: Phase
        /// From the last byte read until the connection was closed; nil if nobody waited for it.
        var secondsUntilClosed: Double?
    }

    /// About the buffer of a phone on a bad line.
    private static let receiveBuffer: Int32 = 4_096
    /// Two and a half times the promised 20 seconds.
    private static let closedWithin: Int64 = 50_000_000_000
    /// Reading the system's list of connections takes some milliseconds.
    private static let lookSeconds = 1.0
    private static let warmUpSeconds = 2.0

    static func run(_ surroundings: Surroundings) throws -> ScenarioReport {
        let runs = try (1...surroundings.runs).map { number in
            surroundings.say("page, stalled reader: run \(number) of \(surroundings.runs)")
            return try surroundings.withConvey { try measure(surroundings, $0, $1) }
        }
        return report(runs)
    }

    private static func measure(_ surroundings: Surroundings, _ broker: Broker, _ convey: ConveyServer) throws -> Run {
        let seconds = surroundings.pick(8.0, quick: 2.5)
        let subjects = SignalTemplates.subjects("s", PageScenario.streams)
        let busy = subjects[subjects.count - 1]
        let live = LiveStreams(convey)
        try live.open(subjects)
        live.streams[subjects.count - 1].isMeasured = false
        let load = BusyLoad(SignalTemplates(.init(tag: "stall"), subjects: subjects), try broker.connect("pub"), live)
        try load.run { load.seconds < warmUpSeconds }
        let from = load.seconds
        let quiet = try phase(load, live, convey, broker) { load.seconds < from + seconds }

        let reached = live.streams[subjects.count - 1].offset
        live.removeLast()
        let reader = try LiveStream(busy, after: reached, port: convey.httpPort, receiveBuffer: receiveBuffer)
        try load.run { try begin(reader) }
        guard try ProcessFiles.isOpen(from: reader.port, to: convey.httpPort) else {
            throw BenchError("the live stream of the reader that is to stall is not open")
        }
        let start = load.seconds
        var closedAfter: Double?
        var nextLook = start
        let stalled = try phase(load, live, convey, broker) {
            guard !surroundings.isQuick else { return load.seconds < start + seconds }
            guard load.seconds >= nextLook else { return true }
            nextLook += lookSeconds
            if try !ProcessFiles.isOpen(from: reader.port, to: convey.httpPort) {
                closedAfter = load.seconds - start
                return false
            }
            guard load.seconds < start + Double(closedWithin) / 1e9 else {
                throw BenchError(
                    "a live stream that nobody reads was not closed within \(closedWithin / 1_000_000_000) s")
            }
            return true
        }
        try load.settle(convey)
        try live.catchUp()
        if closedAfter != nil { try goOn(reader, live) }
        return Run(quiet: quiet, stalled: stalled, secondsUntilClosed: closedAfter)
    }

    /// Runs the load while a condition holds.
    private static func phase(
        _ load: BusyLoad, _ live: LiveStreams, _ convey: ConveyServer, _ broker: Broker, _ condition: () throws -> Bool
    ) throws -> Phase {
        let before = try PageScenario.reading(convey, broker)
        _ = live.takeDelays()
        live.isMeasuring = true
        var memory: [(x: Double, y: Double)] = []
        try load.run {
            if load.isLookDue { memory.append((load.seconds, Double(convey.residentBytes))) }
            return try condition()
        }
        live.isMeasuring = false
        return Phase(
            use: CPUUse(from: before, to: try PageScenario.reading(convey, broker)), delays: live.takeDelays(),
            memory: memory)
    }

    /// Reads until the stream is open, then stops.
    /// - Returns: whether it is not open yet.
    private static func begin(_ reader: LiveStream) throws -> Bool {
        var byte: [UInt8] = [0]
        try byte.withUnsafeMutableBytes { buffer in
            while !reader.isOpen, try reader.receive(into: buffer, { _ in }) {}
        }
        return !reader.isOpen
    }

    /// Reads the data still on its way, and the rest from that point.
    private static func goOn(_ reader: LiveStream, _ live: LiveStreams) throws {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let deadline = Clock.now + closedWithin
        while !reader.hasEnded {
            try Interruption.check()
            let hasMore = try buffer.withUnsafeMutableBytes { try reader.receive(into: $0) { _ in } }
            if !hasMore { Clock.sleep(milliseconds: 1) }
            guard Clock.now < deadline else { throw BenchError("a live stream that was closed does not end") }
        }
        try live.open([(reader.subject, reader.offset)])
        try live.catchUp()
    }

    private static func report(_ runs: [Run]) -> ScenarioReport {
        var report = ScenarioReport(PageScenario.name, variant: "1 of \(PageScenario.streams) readers stalls")
        report.noise = Noise.worst(runs.flatMap { [$0.quiet.use.noise, $0.stalled.use.noise] })
        for (title, share) in [("p50", 0.5), ("p99", 0.99)] {
            let quiet = runs.map { PageScenario.milliseconds(share, $0.quiet.delays) }
            let stalled = runs.map { PageScenario.milliseconds(share, $0.stalled.delays) }
            report.add("others_\(title)_delay_ms_without", quiet)
            report.add("others_\(title)_delay_ms", stalled, .lower)
        }
        report.add("samples", runs.map { Double($0.stalled.delays.count) })
        report.add("convey_cpu_percent_without", runs.map { PageScenario.percent($0.quiet.use) })
        report.add("convey_cpu_percent", runs.map { PageScenario.percent($0.stalled.use) }, .lower)
        report.add("resident_mb_without", runs.map { ($0.quiet.memory.last?.y ?? 0) / 1e6 })
        report.add("resident_mb", runs.map { ($0.stalled.memory.last?.y ?? 0) / 1e6 }, .lower)
        report.add("resident_mb_per_minute_without", runs.map { Statistics.slope($0.quiet.memory) * 60 / 1e6 })
        report.add("resident_mb_per_minute", runs.map { Statistics.slope($0.stalled.memory) * 60 / 1e6 }, .lower)
        report.add("seconds_until_closed", runs.compactMap(\.secondsUntilClosed), .lower)
        report.notes.append(
            "\(Int(BusyLoad.signalsPerSecond)) signals a second, half of them about the conversation of the reader that stalls"
        )
        return report
    }
}

/// Signals at a steady pace: alternately about the last conversation and the next of the others.
private final class BusyLoad {
    static let signalsPerSecond = 1_000.0

    private let templates: SignalTemplates
    private let publisher: Connection
    private let live: LiveStreams
    private let start = Clock.now
    private var published = 0
    private var nextLook: Int64 = 0

    /// The most unacknowledged publishes: beyond that, the pace is not kept.
    private static let window = 10_000
    private static let rest: Int32 = 1
    /// The interval of checks that take the machine more than a moment.
    private static let lookInterval: Int64 = 200_000_000
    private static let patience: Int64 = 30_000_000_000

    init(_ templates: SignalTemplates, _ publisher: Connection, _ live: LiveStreams) {
        self.templates = templates
        self.publisher = publisher
        self.live = live
    }

    /// Since the load was made.
    var seconds: Double { Double(Clock.now - start) / 1e9 }

    /// True now and then.
    var isLookDue: Bool {
        guard Clock.now >= nextLook else { return false }
        nextLook = Clock.now + Self.lookInterval
        return true
    }

    /// Publishes and reads the streams.
    func run(while condition: () throws -> Bool) throws {
        while try condition() {
            let due = Int(seconds * Self.signalsPerSecond)
            let others = templates.subjects.count - 1
            while published < due {
                let subject = published % 2 == 0 ? others : published / 2 % others
                templates.publish(published, subject: subject, on: publisher)
                published += 1
            }
            guard publisher.unacknowledged < Self.window else { throw BenchError("the broker does not keep pace") }
            try round()
        }
    }

    /// Waits until everything published has been applied.
    func settle(_ convey: ConveyServer) throws {
        let deadline = Clock.now + Self.patience
        while try convey.metrics()["convey_signals_applied_total"] < Double(published) {
            try round()
            guard Clock.now < deadline else { throw BenchError("not all signals were applied") }
        }
    }

    private func round() throws {
        try Interruption.check()
        try publisher.flush()
        try live.receive(waitMilliseconds: Self.rest)
        try publisher.receive { _, _ in }
    }
}
