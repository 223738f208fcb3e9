/// Publishes messages and reads all resulting events. A conversation gets its next message when its answer is complete,
/// so that as many answers are in progress as there are conversations.
/// complete, so that as many answers are under way as there are conversations.
final class ChatLoad {
    struct Outcome {
        var answers = 0
        var events = 0
        var eventBytes = 0
        var seconds = 0.0
        var before: CPUReading
        var after: CPUReading
    }

    private let publisher: Connection
    private let subscriber: Connection
    private let templates: SignalTemplates
    private let takeReading: () throws -> CPUReading
    private var stream: EventStream
    private var free: [Int]
    private var number = 0
    private var answers = 0

    private static let completed = Array("assistant/completed".utf8)
    private static let failed = Array("llm/generation/failed".utf8)
    private static let rest: Int64 = 2_000_000
    private static let patience: Int64 = 20_000_000_000

    /// - Parameter prefix: of the subjects in `templates`, which are numbered.
    init(
        publisher: Connection, subscriber: Connection, templates: SignalTemplates, prefix: String,
        takeReading: @escaping () throws -> CPUReading
    ) throws {
        self.publisher = publisher
        self.subscriber = subscriber
        self.templates = templates
        self.takeReading = takeReading
        stream = EventStream(prefix: prefix, subjects: templates.subjects.count)
        free = Array(templates.subjects.indices)
        try subscriber.subscribe(EventStream.filters)
    }

    /// The number of events seen so far.
    var events: Int { stream.count }

    /// Talks for that long, then waits for the answers in progress.
    func run(warmUpSeconds: Double, seconds: Double) throws -> Outcome {
        let warmUntil = Clock.now + Int64(warmUpSeconds * 1e9)
        while Clock.now < warmUntil { try round(publishes: true) }
        let before = try takeReading()
        let start = (at: Clock.now, answers: answers, events: stream.count, bytes: stream.bytes)
        while Clock.now < start.at + Int64(seconds * 1e9) { try round(publishes: true) }
        let end = Clock.now
        let outcome = Outcome(
            answers: answers - start.answers, events: stream.count - start.events,
            eventBytes: stream.bytes - start.bytes,
            seconds: Double(end - start.at) / 1e9, before: before, after: try takeReading())
        try wait(for: "answers") { self.free.count == self.templates.subjects.count }
        return outcome
    }

    /// Waits until as many events have arrived as Convey reports as published.
    func wait(forEvents count: Int) throws {
        try wait(for: "events") { self.stream.count >= count }
        guard stream.repeats == 0 else { throw BenchError("\(stream.repeats) events came more than once") }
    }

    private func wait(for what: String, _ condition: () -> Bool) throws {
        let deadline = Clock.now + Self.patience
        while !condition() {
            try round(publishes: false)
            guard Clock.now < deadline else { throw BenchError("not all \(what) came: \(stream.count) events so far") }
        }
    }

    private func round(publishes: Bool) throws {
        try Interruption.check()
        if publishes {
            for subject in free {
                templates.publish(number, subject: subject, on: publisher)
                number += 1
            }
            free.removeAll(keepingCapacity: true)
        }
        try publisher.flush()
        try subscriber.flush()
        Clock.sleep(until: Clock.now + Self.rest)
        try publisher.receive { _, _ in }
        try subscriber.receive { topic, payload in
            let event = try stream.read(topic, payload)
            guard event.isNew else { return }
            switch event.family {
            case .out where event.rest.elementsEqual(Self.completed):
                answers += 1
                free.append(event.subject)
            case .effect where event.rest.elementsEqual(Self.failed):
                throw BenchError("an answer failed: \(String(decoding: payload, as: UTF8.self))")
            case .out, .effect, .applied:
                break
            }
        }
    }
}
