import Conversation
import ConveyQueries
import Logging
import MQTTTransport
import Observability
import Synchronization
import Threads

/// Queries over MQTT 5 request/response (section 4.10): receives queries, and passes the answers to `Replies`. Owns a
/// thread and a connection, so that a flood of queries disturbs neither ingress nor the outbox.
///
/// Best effort: nothing is stored, and clients repeat a query that is not answered.
public final class QueryEndpoint: Sendable {
    private let session: BrokerSession
    private let service: QueryService
    private let logger: Logger
    private let heartbeats: Heartbeats
    private let wake: WakeHandle
    private let isStopping = Atomic(false)
    private let replies: Replies
    /// Queries in progress, by client.
    private let asked = Mutex(Asked())
    private let refusalLog = Mutex(LogQuota())
    private let thread = Mutex<DedicatedThread?>(nil)

    /// Maximum queries in progress; further ones are refused.
    private static let openLimit = 200
    /// Maximum per client: a flood from one client leaves room for the others.
    private static let shareLimit = 50
    private static let batch = 100
    /// Parameters take a few hundred bytes.
    private static let payloadLimit = 16 * 1_024

    private struct Asked {
        var count = 0
        var byClient: [String: Int] = [:]

        mutating func add(_ number: Int, of client: String) {
            count += number
            let left = byClient[client, default: 0] + number
            byClient[client] = left > 0 ? left : nil
        }
    }

    /// How long a stop waits for a thread that hangs or is connecting.
    private static let stopMicroseconds: Int64 = 5_000_000

    /// - Parameter heartbeats: where its thread reports its beats.
    /// - Throws: if the process has no descriptor left.
    public init(
        session: BrokerSession, service: QueryService, replies: Replies, logger: Logger,
        heartbeats: Heartbeats = Heartbeats()
    ) throws(MQTTError) {
        self.session = session
        self.service = service
        self.replies = replies
        self.logger = logger
        self.heartbeats = heartbeats
        wake = try WakeHandle()
    }

    /// Starts the thread. MQTT 3.1.1 has no response topics, so nothing is started then.
    public func start() {
        guard session.version == .v5 else {
            logger.info("no queries over MQTT: version 3.1.1 has no response topics")
            return
        }
        thread.withLock { thread in
            guard thread == nil else { return }
            let beat = heartbeats.beat("endpoint", limit: BeatLimits.connection)
            thread = DedicatedThread(name: "convey-endpoint") { [self] in
                do {
                    try run(beat)
                } catch {
                    logger.error("queries over MQTT have ended", metadata: ["reason": "\(error)"])
                }
                beat.end()
            }
        }
    }

    /// Ends the thread and waits for it. Unanswered queries stay unanswered.
    public func stop() {
        isStopping.store(true, ordering: .releasing)
        wake.wake()
        let running = thread.withLock { $0.take() }
        running?.join(until: Clocks.monotonicMicroseconds() + Self.stopMicroseconds, logger: logger)
    }

    private func run(_ beat: ThreadBeat) throws(MQTTError) {
        let link = try BrokerLink(options, wake: wake, beat: beat, mayConnect: session.mayConnect)
        while !isStopping.load(ordering: .acquiring) {
            beat.turn()
            if !link.isOpen {
                // The data that ended the connection may not have been read yet.
                read(link)
                if let loss = link.connect() { lost(loss) }
            }
            if link.poll() { read(link) }
            link.keepAlive()
        }
        link.connection.disconnect()
    }

    private var options: MQTTOptions {
        MQTTOptions(
            broker: session.broker, clientID: session.clientID + "-query", version: session.version,
            receiveMaximum: UInt16(Self.batch))
    }

    private func read(_ link: BrokerLink) {
        let inbox = link.connection.read(limit: Self.batch, byteLimit: Self.batch * Self.payloadLimit)
        for event in inbox.events { handle(event, link) }
        for message in inbox.messages { take(message) }
    }

    private func lost(_ loss: BrokerLoss) {
        guard loss.isWorthLogging else { return }
        logger.warning(
            "queries over MQTT have no connection to the broker; trying again",
            metadata: ["reason": "\(loss.reason)"])
    }

    private func handle(_ event: MQTTEvent, _ link: BrokerLink) {
        switch link.note(event) {
        case .connected:
            do {
                _ = try link.connection.subscribe([QueryTopic.filter(root: session.root)], retained: .never)
            } catch {
                lost(link.abandon(error))
            }
        case .lost(let loss):
            lost(loss)
        case .subscribed(isGranted: false):
            logger.warning(
                "the broker refuses the subscription to queries; queries over MQTT are off",
                metadata: ["help": "give \(session.clientID)-query read access to \(session.root)/query/#"])
        case .subscribed(isGranted: true), .acknowledged:
            break
        }
    }

    // MARK: Questions

    private func logMissingTopic(of message: ReceivedMessage) {
        guard refusalLog.withLock({ $0.allows(now: Clocks.monotonicMicroseconds()) }) else { return }
        logger.info("no answer: a query has no response topic", metadata: ["topic": "\(message.topic)"])
    }

    private func take(_ message: ReceivedMessage) {
        // With MQTT 3.1.1 every reconnect would repeat a retained query, and nobody waits for the answer.
        guard !message.isRetained else { return }
        guard let topic = replies.topic(forAnswerTo: message) else {
            // `replies` logs a response topic that is not allowed.
            if message.responseTopic == nil { logMissingTopic(of: message) }
            return
        }
        let correlation = message.correlationData
        let client = client(topic)
        do throws(QueryError) {
            let (open, own) = asked.withLock { ($0.count, $0.byClient[client, default: 0]) }
            guard open < Self.openLimit, own < Self.shareLimit else {
                throw QueryError(.busy, "\(open) queries are open, \(own) of them yours; ask again later")
            }
            guard message.payload.count <= Self.payloadLimit else {
                throw QueryError(.parameterInvalid, "the parameters are longer than \(Self.payloadLimit) bytes")
            }
            let request = try QueryTopic.request(topic: message.topic, payload: message.payload, root: session.root)
            asked.withLock { $0.add(1, of: client) }
            service.submit(request, asker: client) { [self] answer, room in
                asked.withLock { $0.add(-1, of: client) }
                replies.send([
                    Reply(topic: topic, correlationData: correlation, content: .answer(answer), room: room)
                ])
            }
        } catch {
            replies.send([Reply(topic: topic, correlationData: correlation, content: .answer(QueryAnswer(error)))])
        }
    }

    /// Identifies the client by its response topic: the part after `receipt/`, otherwise the whole topic.
    private func client(_ topic: String) -> String {
        let own = session.root + "/receipt/"
        guard topic.hasPrefix(own) else { return topic }
        return String(topic.dropFirst(own.count).prefix { $0 != "/" })
    }
}
