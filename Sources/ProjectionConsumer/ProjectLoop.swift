import Conversation
import Glibc
import Logging
import MQTTTransport
import Signals
import Synchronization

/// Follows the broker with a persistent session and keeps timelines in a database. Owns the calling thread.
///
/// Everything read at once is one transaction, and acknowledgements are sent only after its commit. After a kill at any
/// moment, the broker delivers again what is not in the database, and repeats count once.
package final class ProjectLoop: Sendable {
    package struct Settings: Sendable {
        package var broker: BrokerAddress
        package var version: MQTTVersion
        package var root: String
        package var clientID: String
        /// Only conversations whose subject begins with this text.
        package var prefix: String
        /// Queries the service over HTTP; nil to use the query topic, which MQTT 3.1.1 cannot.
        package var service: Service?

        package init(
            broker: BrokerAddress, version: MQTTVersion, root: String, clientID: String, prefix: String,
            service: Service? = nil
        ) {
            self.broker = broker
            self.version = version
            self.root = root
            self.clientID = clientID
            self.prefix = prefix
            self.service = service
        }

        var canAsk: Bool { service != nil || version == .v5 }
    }

    /// A GET of a path. The completion receives the body, even of a refusal, or the reason why there is none; it may be
    /// called on any thread.
    package typealias Service =
        @Sendable (_ path: String, _ completion: @escaping @Sendable (Result<[UInt8], ServiceFailure>) -> Void) -> Void

    /// Why the service gave no answer.
    package struct ServiceFailure: Error {
        package let message: String

        package init(_ message: String) { self.message = message }
    }

    private let settings: Settings
    private let logger: Logger
    private let wake: WakeHandle
    private let isStopping = Atomic(false)
    /// Answers over HTTP that have not been processed, by the numbers of their queries. The filler sends few queries at
    /// once.
    private let answers = Mutex<[(number: UInt64, result: Result<[UInt8], ServiceFailure>)]>([])

    private static let sessionExpirySeconds: UInt32 = 7 * 86_400
    private static let batchLimit = 500
    private static let batchBytes = 8 << 20
    private static let pollMilliseconds = 500
    private static let reportMilliseconds: Int64 = 10_000

    package init(_ settings: Settings, logger: Logger) throws(MQTTError) {
        self.settings = settings
        self.logger = logger
        wake = try WakeHandle()
    }

    package func stop() {
        isStopping.store(true, ordering: .releasing)
        wake.wake()
    }

    private struct State {
        var filler: HoleFiller
        var reportAt: Int64 = 0
        var events = 0
        var repeats = 0
        var unreported = 0
        /// The newest event's age when it was committed.
        var lagMicroseconds: Int64 = 0
        /// Listed conversations whose events must still be queried.
        var subjects: [String] = []
        /// The last error of a query to the service; logged once.
        var serviceFailure: String?
    }

    /// Runs until `stop`.
    /// - Throws: if the database cannot be written.
    package func run(_ store: ProjectionStore) throws {
        let link = try BrokerLink(options, wake: wake)
        var state = State(filler: HoleFiller())
        while !isStopping.load(ordering: .acquiring) {
            if !link.isOpen {
                // The data that ended the connection may not have been read yet.
                try read(link, store, &state)
                if let loss = link.connect() { lost(loss) }
            }
            let wait = link.isOpen ? Self.pollMilliseconds : min(link.retryMilliseconds, Self.pollMilliseconds)
            if link.poll(milliseconds: wait) { try read(link, store, &state) }
            try takeAnswers(store, &state)
            report(store, &state)
            // Everything read is committed here, so a write cannot acknowledge too much.
            if link.isConnected { try ask(link.connection, store, &state) }
            link.keepAlive()
            link.connection.flush()
        }
        link.connection.disconnect()
    }

    private var options: MQTTOptions {
        MQTTOptions(
            broker: settings.broker, clientID: settings.clientID, version: settings.version, cleanStart: false,
            sessionExpirySeconds: Self.sessionExpirySeconds, receiveMaximum: UInt16(Self.batchLimit),
            acknowledgement: .whenFlushed)
    }

    private func lost(_ loss: BrokerLoss) {
        guard loss.isWorthLogging else { return }
        logger.warning("no connection to the broker; trying again", metadata: ["reason": "\(loss.reason)"])
    }

    /// Reads the messages that have arrived, commits them, and sends the acknowledgements.
    private func read(_ link: BrokerLink, _ store: ProjectionStore, _ state: inout State) throws {
        let inbox = link.connection.read(limit: Self.batchLimit, byteLimit: Self.batchBytes)
        for event in inbox.events { handle(event, link, &state) }
        guard !inbox.messages.isEmpty else { return }
        var events: [ConsumedEvent] = []
        for message in inbox.messages {
            if message.topic.hasPrefix("\(settings.root)/receipt/") {
                events += take(message, &state)
            } else if let event = ConsumedEvent(payload: message.payload) {
                events.append(event)
            }
        }
        try apply(events, store, &state)
        link.connection.flush()
    }

    private func apply(_ received: [ConsumedEvent], _ store: ProjectionStore, _ state: inout State) throws {
        let events = received.filter { $0.subject.utf8.starts(with: settings.prefix.utf8) }
        let count = try store.apply(events)
        state.events += count
        state.unreported += count
        state.repeats += events.count - count
        if let time = events.last?.time { state.lagMicroseconds = max(0, Self.wallMicroseconds() - time) }
    }

    /// Processes the service's answers over HTTP. Everything read from the broker is acknowledged here.
    private func takeAnswers(_ store: ProjectionStore, _ state: inout State) throws {
        let answers = answers.withLock { answers in
            defer { answers.removeAll() }
            return answers
        }
        for (number, result) in answers {
            switch result {
            case .success(let body):
                state.serviceFailure = nil
                guard let answer = state.filler.take(body, number: number) else { continue }
                state.subjects += answer.subjects.filter { $0.utf8.starts(with: settings.prefix.utf8) }
                try apply(answer.events, store, &state)
            case .failure(let failure):
                // The query is repeated when its time limit has passed.
                if state.serviceFailure != failure.message {
                    logger.warning("holes cannot be filled", metadata: ["reason": "\(failure.message)"])
                }
                state.serviceFailure = failure.message
            }
        }
    }

    private func take(_ message: ReceivedMessage, _ state: inout State) -> [ConsumedEvent] {
        guard let data = message.correlationData, let number = UInt64(String(decoding: data, as: UTF8.self)),
            let answer = state.filler.take(message.payload, number: number)
        else { return [] }
        state.subjects += answer.subjects.filter { $0.utf8.starts(with: settings.prefix.utf8) }
        return answer.events
    }

    private func handle(_ event: MQTTEvent, _ link: BrokerLink, _ state: inout State) {
        switch link.note(event) {
        case .connected(let sessionPresent):
            logger.info(
                "connected", metadata: ["broker": "\(settings.broker)", "session": .stringConvertible(sessionPresent)])
            do {
                _ = try link.connection.subscribe(
                    ["\(settings.root)/applied/#", "\(settings.root)/out/#"]
                        + (settings.version == .v5 && settings.service == nil
                            ? [QueryTopic.responseFilter(root: settings.root, client: settings.clientID)] : []))
            } catch {
                lost(link.abandon(error))
            }
            // A missing session has kept nothing: query the events published meanwhile.
            if !sessionPresent, settings.canAsk { state.filler.catchUp() }
        case .lost(let loss):
            lost(loss)
        case .subscribed(isGranted: false):
            logger.error(
                "the broker refuses a subscription",
                metadata: ["help": "give \(settings.clientID) read access to \(settings.root)/applied/# and out/#"])
        case .subscribed(isGranted: true), .acknowledged:
            break
        }
    }

    /// Queries missing events.
    private func ask(_ connection: MQTTConnection, _ store: ProjectionStore, _ state: inout State) throws {
        guard settings.canAsk else { return }
        while state.filler.hasRoom, let subject = state.subjects.popLast() {
            for family in [Family.applied, .output] {
                state.filler.follow(subject, family, behind: try store.highest(subject, family))
            }
        }
        if state.filler.hasRoom {
            for hole in try store.holes(limit: HoleFiller.openLimit) { state.filler.fill(hole, at: Self.now()) }
        }
        for question in state.filler.next(at: Self.now()) {
            if let service = settings.service {
                service(question.path) { [self, number = question.number] result in
                    answers.withLock { $0.append((number, result)) }
                    wake.wake()
                }
                continue
            }
            let topic = question.topic(root: settings.root)
            do {
                _ = try connection.publish(
                    topic: topic, payload: question.payload,
                    properties: PublishProperties(
                        contentType: "application/json", correlationData: Array(String(question.number).utf8),
                        responseTopic: QueryTopic.responseTopic(
                            for: topic, root: settings.root, client: settings.clientID)))
            } catch {
                // The query is repeated when its time limit has passed.
                logger.debug("a question cannot be published", metadata: ["reason": "\(error)"])
            }
        }
    }

    private func report(_ store: ProjectionStore, _ state: inout State) {
        let now = Self.now()
        guard now >= state.reportAt, state.unreported > 0 else { return }
        state.reportAt = now + Self.reportMilliseconds
        state.unreported = 0
        logger.info(
            "following",
            metadata: [
                "events": .stringConvertible(state.events), "repeats": .stringConvertible(state.repeats),
                "lag_ms": .stringConvertible(state.lagMicroseconds / 1_000),
                "filling": .stringConvertible(!state.filler.isIdle),
            ])
    }

    private static func now() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
    }

    private static func wallMicroseconds() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000
    }
}
