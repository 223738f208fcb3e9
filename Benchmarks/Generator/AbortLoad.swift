/// The steps of the abort scenario: finds the partitions, fills their queues, starts streams and stops them.
///
/// A queue consists of signals that wait for a cause: it grows slowly, and the cause releases all of it at once.
final class AbortLoad {
    struct Sample {
        /// From the publication of the abort until `canceled` was seen.
        var seenMilliseconds: Double
        /// From the publication of the abort until `canceled` was recorded, by its `time`.
        var recordedMilliseconds: Double
        /// The number of signals waiting to be applied just before the abort.
        var queued: Int
    }

    private struct Abort {
        var monotonic: Int64
        var wall: Int64
        var queued: Int
    }

    static let subjectPrefix = "a"
    /// Enough to give each of 64 partitions its share.
    static let subjectCount = 2_000
    private static let streamWords = 1_000
    private static let rest: Int64 = 2_000_000
    /// The interval of checks while aborts are timed.
    private static let shortRest: Int64 = 250_000
    /// How long before an abort is due the queue depth is read.
    private static let lookAhead: Int64 = 5_000_000
    private static let patience: Int64 = 60_000_000_000

    private let publisher: Connection
    private let subscriber: Connection
    private let convey: ConveyServer
    private let subjects = SignalTemplates.subjects(subjectPrefix, subjectCount)
    private var rest = AbortLoad.rest
    private var stream = EventStream(prefix: subjectPrefix, subjects: subjectCount)

    /// By subject; nil until a marker has given it.
    private var partitions: [Int?] = Array(repeating: nil, count: subjectCount)
    private var started: Set<Int> = []
    private var aborts: [Int: Abort] = [:]
    private var samples: [Sample] = []
    private var released: Set<Int> = []
    /// Markers of conversations with a queue, since its release.
    private(set) var appliedSinceRelease = 0

    private static let marker = Array("event/applied".utf8)
    private static let startedTopic = Array("llm/generation/started".utf8)
    private static let canceledTopic = Array("llm/generation/canceled".utf8)
    private static let endedTopics = ["llm/generation/completed", "llm/generation/failed"].map { Array($0.utf8) }
    private static let partitionMember = Array("\"partition\":".utf8)
    private static let timeMember = Array("\"time\":\"".utf8)

    init(broker: Broker, convey: ConveyServer) throws {
        self.convey = convey
        publisher = try broker.connect("pub")
        subscriber = try broker.connect("events")
        try subscriber.subscribe(["conv/applied/#", "conv/effect/+/llm/generation/+"])
    }

    /// Finds, with a note to each, which partition owns which subject.
    /// - Returns: the subjects of each partition.
    func findPartitions() throws -> [[Int]] {
        let templates = SignalTemplates(.init(tag: "probe"), subjects: subjects)
        for subject in subjects.indices { templates.publish(0, subject: subject, on: publisher) }
        try wait(for: "markers of the first notes") { !self.partitions.contains(nil) }
        let known = partitions.compactMap { $0 }
        let count = (known.max() ?? 0) + 1
        return (0..<count).map { partition in known.indices.filter { known[$0] == partition } }
    }

    /// Gives each of the subjects a number of signals that wait for the cause published by `release`.
    /// - Parameter progress: called now and then with the number that Convey has taken.
    func park(_ count: Int, on queues: [Int], progress: @escaping (Int) -> Void) throws {
        let cause = SignalTemplates.id(.init(tag: "release"), 0)
        let templates = SignalTemplates(.init(dataBytes: 0, tag: "parked", cause: cause), subjects: subjects)
        let total = count * queues.count
        try Feed(publisher: publisher, convey: convey, progress: progress).run(total) { number in
            templates.publish(number / queues.count, subject: queues[number % queues.count], on: publisher)
        }
        try wait(for: "\(total) signals in the queues") {
            // A missing page is requested again.
            Int((try? self.convey.metrics()["convey_signals_parked"]) ?? 0) == total
        }
    }

    /// Publishes the cause: everything parked may now be applied.
    func release(_ queues: [Int]) throws {
        let templates = SignalTemplates(.init(tag: "release"), subjects: subjects)
        released = Set(queues)
        for subject in queues { templates.publish(0, subject: subject, on: publisher) }
        try wait(for: "the first markers of the queues") { self.appliedSinceRelease > queues.count }
    }

    /// Starts an answer of a thousand words in each of the conversations and waits until all have begun.
    func startStreams(_ conversations: [Int], tag: String) throws {
        let kind = SignalTemplates.Kind(
            type: "message.received", text: String(repeating: "word ", count: Self.streamWords), tag: tag,
            textMember: "content")
        let templates = SignalTemplates(kind, subjects: subjects)
        started.removeAll()
        for subject in conversations { templates.publish(0, subject: subject, on: publisher) }
        try wait(for: "the start of all streams") { self.started.count == conversations.count }
    }

    /// Aborts one conversation after another at that interval, whatever happened to the earlier ones.
    /// - Returns: one sample each, once all have been seen.
    func abort(_ conversations: [Int], everyMilliseconds interval: Double, tag: String) throws -> [Sample] {
        let templates = SignalTemplates(
            .init(type: "control.abort_requested", dataBytes: 0, tag: tag), subjects: subjects)
        samples.removeAll()
        rest = Self.shortRest
        defer { rest = Self.rest }
        let start = Clock.now + Self.lookAhead
        for (index, subject) in conversations.enumerated() {
            let due = start + Int64(Double(index) * interval * 1e6)
            while Clock.now < due - Self.lookAhead { try round(until: due - Self.lookAhead) }
            let queued = Int(try convey.metrics()["convey_queue_depth"])
            while Clock.now < due { try round(until: due) }
            templates.publish(0, subject: subject, on: publisher)
            aborts[subject] = Abort(monotonic: due, wall: Clock.wall - (Clock.now - due), queued: queued)
            try publisher.flush()
        }
        try wait(for: "the end of all streams") { self.samples.count == conversations.count }
        return samples
    }

    /// Waits until everything that was parked, and its causes, has been applied and seen.
    func drain(_ count: Int) throws {
        try wait(for: "all markers") { self.appliedSinceRelease >= count }
        guard appliedSinceRelease == count, stream.repeats == 0 else {
            throw BenchError("\(appliedSinceRelease) markers for \(count) signals, \(stream.repeats) of them repeats")
        }
    }

    // MARK: - The loop

    private func wait(for what: String, _ condition: () -> Bool) throws {
        var last = (count: stream.count, at: Clock.now)
        while !condition() {
            try round()
            if stream.count > last.count { last = (stream.count, Clock.now) }
            guard Clock.now - last.at < Self.patience else { throw BenchError("waited in vain for \(what)") }
        }
    }

    private func round(until instant: Int64? = nil) throws {
        try Interruption.check()
        try publisher.flush()
        try subscriber.flush()
        Clock.sleep(until: min(instant ?? .max, Clock.now + rest))
        try publisher.receive { _, _ in }
        try subscriber.receive { topic, payload in try read(topic, payload) }
    }

    private func read(_ topic: UnsafeRawBufferPointer, _ payload: UnsafeRawBufferPointer) throws {
        let event = try stream.read(topic, payload)
        guard event.isNew else { return }
        if event.rest.elementsEqual(Self.marker) {
            if released.contains(event.subject) {
                appliedSinceRelease += 1
            } else if partitions[event.subject] == nil {
                partitions[event.subject] = Self.number(Self.partitionMember, in: payload)
            }
        } else if event.rest.elementsEqual(Self.startedTopic) {
            started.insert(event.subject)
        } else if event.rest.elementsEqual(Self.canceledTopic) {
            note(canceled: event.subject, payload)
        } else if Self.endedTopics.contains(where: { event.rest.elementsEqual($0) }) {
            throw BenchError("a stream ended before it was aborted: \(String(decoding: payload, as: UTF8.self))")
        }
    }

    private func note(canceled subject: Int, _ payload: UnsafeRawBufferPointer) {
        guard let abort = aborts.removeValue(forKey: subject) else { return }
        let recorded = ByteSearch.find(Self.timeMember, in: payload)
            .flatMap { Timestamp.nanoseconds(ByteSearch.text(in: payload, at: $0 + Self.timeMember.count)) }
        samples.append(
            Sample(
                seenMilliseconds: Double(Clock.now - abort.monotonic) / 1e6,
                recordedMilliseconds: Double((recorded ?? abort.wall) - abort.wall) / 1e6, queued: abort.queued))
    }

    private static func number(_ member: [UInt8], in payload: UnsafeRawBufferPointer) -> Int? {
        ByteSearch.find(member, in: payload).flatMap { ByteSearch.number(in: payload, at: $0 + member.count) }
    }
}
