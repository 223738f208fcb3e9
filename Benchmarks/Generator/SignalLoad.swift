import Glibc

/// Publishes numbered signals and counts the returned ones. One thread, one loop: read, publish, write, wait.
///
/// It goes as fast as the limit of outstanding signals allows (a closed loop), or sends each signal when it is due,
/// whatever happened to the earlier ones (an open loop). In a closed loop it pauses two milliseconds between rounds:
/// dozens of messages then share a system call, and the processors are left to the measured programs. The outstanding
/// signals bridge the pause.
final class SignalLoad {
    /// The most publishes of one connection that the broker has not acknowledged.
    private static let window = 500
    /// The most signals published and not yet seen back.
    private static let outstanding = 4_000

    struct Plan {
        /// Before the measured time.
        var warmUpSeconds = 0.0
        var seconds = 1.0
        /// The total number of signals; nil for as many as the time allows.
        var count: Int?
        /// Signals per second; nil for as many as may be outstanding.
        var rate: Double?
        /// Waits exactly for the next signal or message, and keeps each signal's time.
        var measuresLatency = false
    }

    struct Outcome {
        var published = 0
        /// Within the measured time.
        var seconds = 0.0
        var seen = 0
        var before: CPUReading
        var after: CPUReading
        /// From the time a signal was due until it was seen, in nanoseconds.
        var latencies: [Int64] = []
        /// The signals' numbers, in the order of `latencies`.
        var numbers: [Int] = []

        var perSecond: Double { seconds > 0 ? Double(seen) / seconds : 0 }
    }

    private let publishers: [Connection]
    private let subscriber: Connection
    private let templates: SignalTemplates
    private(set) var deliveries: Deliveries
    private let takeReading: () throws -> CPUReading
    /// Live streams that are open during the load; read in each round.
    private let streams: LiveStreams?

    private let first: Int
    private var publishedBy: [Int]
    private(set) var published = 0
    private var nextPublisher = 0
    private var due: [Int64] = []
    private var latencies: [Int64] = []
    private var numbers: [Int] = []
    private var measures = false

    private static let rest: Int64 = 2_000_000
    /// The time without any return, with signals outstanding, after which they are lost or Convey has stopped.
    private static let patience: Int64 = 20_000_000_000

    /// - Parameters:
    ///   - member: the member with the id of the signal in returned messages.
    ///   - first: the number of the first signal, a multiple of the publishers' count.
    ///   - streams: also read; they keep delays in the measured time.
    ///   - takeReading: called at the start and the end of the measured time.
    init(
        publishers: [Connection], subscriber: Connection, templates: SignalTemplates, member: String, first: Int = 0,
        streams: LiveStreams? = nil, takeReading: @escaping () throws -> CPUReading
    ) {
        self.publishers = publishers
        self.subscriber = subscriber
        self.templates = templates
        self.first = first
        self.streams = streams
        self.takeReading = takeReading
        deliveries = Deliveries(member: member, tag: templates.kind.tag)
        publishedBy = publishers.map { _ in first / publishers.count }
    }

    /// Publishes for the planned time, then waits until everything has been seen.
    /// - Throws: if the broker or Convey stops answering, or something is missing or was never sent.
    func run(_ plan: Plan) throws -> Outcome {
        let publishedBefore = published
        let start = Clock.now
        let measureFrom = start + Int64(plan.warmUpSeconds * 1e9)
        let measureUntil = plan.count == nil ? measureFrom + Int64(plan.seconds * 1e9) : .max
        var before: (reading: CPUReading, at: Int64, seen: Int)?
        latencies.removeAll()
        numbers.removeAll()
        if plan.measuresLatency { due.reserveCapacity(due.count + 100_000) }
        while true {
            let now = Clock.now
            if before == nil, now >= measureFrom {
                before = (try takeReading(), Clock.now, deliveries.seen)
                streams?.isMeasuring = true
                measures = plan.measuresLatency
            }
            let sent = published - publishedBefore
            if now >= measureUntil || plan.count.map({ sent >= $0 }) ?? false { break }
            let allowed =
                plan.rate.map { Int(Double(now - start) * $0 / 1e9) + 1 - sent }
                ?? (plan.count.map { $0 - sent } ?? .max)
            publish(allowed, start: start, publishedBefore: publishedBefore, plan)
            let nextDue = plan.rate.map { start + Int64(Double(published - publishedBefore) * 1e9 / $0) }
            try round(plan, wakeAt: nextDue)
        }
        if plan.count != nil { try drain(plan) }
        guard let before else { throw BenchError("the measured time never began") }
        var outcome = Outcome(before: before.reading, after: try takeReading())
        outcome.seconds = Double(Clock.now - before.at) / 1e9
        outcome.seen = deliveries.seen - before.seen
        streams?.isMeasuring = false
        try drain(plan)
        measures = false
        outcome.published = published - publishedBefore
        outcome.latencies = latencies
        outcome.numbers = numbers
        return outcome
    }

    /// One round: write, wait, read.
    private func round(_ plan: Plan, wakeAt: Int64?) throws {
        try Interruption.check()
        for publisher in publishers { try publisher.flush() }
        try subscriber.flush()
        if plan.measuresLatency {
            waitForWork(until: wakeAt ?? Clock.now + Self.rest)
        } else {
            Clock.sleep(until: Clock.now + Self.rest)
        }
        for publisher in publishers { try publisher.receive { _, _ in } }
        try takeDeliveries()
        try streams?.receive()
    }

    private func takeDeliveries() throws {
        var now: Int64 = 0
        try subscriber.receive { _, payload in
            guard let number = deliveries.note(payload), measures, number < due.count else { return }
            // One reading of the clock for everything in one `recv`.
            if now == 0 { now = Clock.now }
            latencies.append(now - due[number])
            numbers.append(number)
        }
    }

    private func publish(_ most: Int, start: Int64, publishedBefore: Int, _ plan: Plan) {
        var left = min(most, plan.rate == nil ? Self.outstanding - (published - deliveries.seen) : most)
        var blocked = 0
        while left > 0, blocked < publishers.count {
            let publisher = nextPublisher
            nextPublisher = (nextPublisher + 1) % publishers.count
            guard plan.rate != nil || publishers[publisher].unacknowledged < Self.window else {
                blocked += 1
                continue
            }
            blocked = 0
            // A subject belongs to one publisher: the broker sees its signals in order.
            let number = publishedBy[publisher] * publishers.count + publisher
            templates.publish(number, subject: number % templates.subjects.count, on: publishers[publisher])
            publishedBy[publisher] += 1
            if let rate = plan.rate, plan.measuresLatency {
                due.append(start + Int64(Double(published - publishedBefore) * 1e9 / rate))
            }
            published += 1
            left -= 1
        }
    }

    private func waitForWork(until instant: Int64) {
        Readiness.wait(for: publishers + [subscriber], until: instant)
    }

    /// Waits until every signal has been seen.
    private func drain(_ plan: Plan) throws {
        var last = (seen: deliveries.seen, at: Clock.now)
        while deliveries.seen < published || publishers.contains(where: { $0.unacknowledged > 0 }) {
            try round(plan, wakeAt: nil)
            if deliveries.seen > last.seen { last = (deliveries.seen, Clock.now) }
            guard Clock.now - last.at < Self.patience else {
                throw BenchError(
                    "\(published - deliveries.seen) of \(published) signals never came back from \(templates.kind.root)/"
                )
            }
        }
        try subscriber.flush()
    }

    /// Every signal came back, and nothing else did.
    /// - Parameter allowingRepeats: after a crash, unacknowledged events are published again.
    func verify(allowingRepeats: Bool = false) throws {
        for publisher in publishers.indices {
            for count in (first / publishers.count)..<publishedBy[publisher]
            where !deliveries.hasSeen(count * publishers.count + publisher) {
                throw BenchError("signal \(count * publishers.count + publisher) never came back")
            }
        }
        guard allowingRepeats || (deliveries.repeats == 0 && deliveries.strays == 0) else {
            throw BenchError(
                "\(deliveries.repeats) signals came back more than once, \(deliveries.strays) messages were of no signal"
            )
        }
    }
}
