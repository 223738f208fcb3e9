import Conversation
import Logging
import MQTTTransport
import Synchronization

/// Queries over MQTT 5 request/response (section 4.10): takes questions, and publishes answers to their response topics.
/// Owns a thread and a connection, so that a flood of questions disturbs neither ingress nor the outbox.
///
/// Questions and answers are as lasting as a telephone call: who hears nothing asks again.
public final class QueryDoor: Sendable {
    private let session: BrokerSession
    private let service: QueryService
    private let logger: Logger
    private let wake: WakeHandle
    private let isStopping = Atomic(false)
    private let answers = Mutex<[Answer]>([])
    private let thread = Mutex<DedicatedThread?>(nil)

    private struct Answer: Sendable {
        var topic: String
        var correlationData: [UInt8]?
        var answer: QueryAnswer
    }

    private static let pollMilliseconds = 1_000
    /// Questions that are being answered, and answers on their way to the broker; beyond, no more are read.
    private static let openLimit = 200
    private static let batch = 100
    /// Parameters take a few hundred bytes.
    private static let payloadLimit = 16 * 1_024

    /// - Throws: when the process has no descriptor left.
    public init(session: BrokerSession, service: QueryService, logger: Logger) throws(MQTTError) {
        self.session = session
        self.service = service
        self.logger = logger
        wake = try WakeHandle()
    }

    /// Starts the thread. MQTT 3.1.1 has no response topics, so there is nothing to do then.
    public func start() {
        guard session.version == .v5 else {
            logger.info("no queries over MQTT: version 3.1.1 has no response topics")
            return
        }
        thread.withLock { thread in
            guard thread == nil else { return }
            thread = DedicatedThread(name: "convey-door") { [self] in
                do {
                    try run()
                } catch {
                    logger.error("queries over MQTT have ended", metadata: ["reason": "\(error)"])
                }
            }
        }
    }

    /// Ends the thread and waits for it. What is not answered stays so.
    public func stop() {
        isStopping.store(true, ordering: .releasing)
        wake.wake()
        let running = thread.withLock { $0.take() }
        running?.join()
    }

    /// Owned by the thread.
    private struct State {
        var backoff = Backoff()
        /// Questions that are being answered.
        var asked = 0
        /// Answers handed to the connection and not acknowledged.
        var inFlight: Set<Int32> = []
        /// Answers that wait for room.
        var waiting: [Answer] = []

        var open: Int { asked + inFlight.count + waiting.count }
    }

    private func run() throws(MQTTError) {
        let connection = try MQTTConnection(options)
        var state = State()
        while !isStopping.load(ordering: .acquiring) {
            if !connection.isOpen {
                for event in connection.read(limit: 1, byteLimit: 1).events { handle(event, connection, &state) }
                connect(connection, &state)
            }
            publishAnswers(connection, &state)
            let wait = connection.isOpen ? Self.pollMilliseconds : state.backoff.remainingMilliseconds
            let polled = connection.poll(timeoutMilliseconds: wait, wake: wake)
            if polled.isReadable || polled.hasEnded {
                // Read in any case: acknowledgements of answers come the same way.
                let inbox = connection.read(limit: Self.batch, byteLimit: Self.batch * Self.payloadLimit)
                for event in inbox.events { handle(event, connection, &state) }
                for message in inbox.messages { take(message, &state) }
            }
            if connection.isOpen { connection.keepAlive() }
        }
        connection.disconnect()
    }

    private var options: MQTTOptions {
        MQTTOptions(
            broker: session.broker, clientID: session.clientID + "-query", version: session.version,
            receiveMaximum: UInt16(Self.batch), outgoingWindow: UInt16(Self.openLimit))
    }

    private func connect(_ connection: MQTTConnection, _ state: inout State) {
        guard state.backoff.remainingMilliseconds == 0 else { return }
        do {
            try connection.connect()
        } catch {
            lost(error, &state)
        }
    }

    private func lost(_ error: MQTTError?, _ state: inout State) {
        state.inFlight.removeAll()
        guard state.backoff.failed() else { return }
        logger.warning(
            "queries over MQTT have no connection to the broker; trying again",
            metadata: ["reason": "\(error.map { "\($0)" } ?? "the connection has ended")"])
    }

    private func handle(_ event: MQTTEvent, _ connection: MQTTConnection, _ state: inout State) {
        switch event {
        case .connected:
            state.backoff.succeeded()
            do {
                _ = try connection.subscribe([QueryTopic.filter(root: session.root)])
            } catch {
                connection.abandon()
                lost(error, &state)
            }
        case .connectionRefused(let error):
            lost(error, &state)
        case .disconnected(let error):
            lost(error, &state)
        case .publishAcknowledged(let messageID, let reasonCode):
            state.inFlight.remove(messageID)
            if reasonCode >= 0x80 {
                logger.debug("the broker refused an answer", metadata: ["reason_code": "\(reasonCode)"])
            }
        case .subscribed(_, let granted):
            if granted.contains(where: { $0 >= 0x80 }) {
                logger.warning(
                    "the broker refuses the subscription to queries; there are none over MQTT",
                    metadata: ["help": "give \(session.clientID)-query read access to \(session.root)/query/#"])
            }
        }
    }

    // MARK: Questions

    private func take(_ message: ReceivedMessage, _ state: inout State) {
        guard let topic = message.responseTopic, mayAnswer(on: topic) else {
            // There is nowhere to say so.
            logger.info(
                "a query cannot be answered",
                metadata: [
                    "topic": "\(message.topic)",
                    "reason": message.responseTopic == nil
                        ? "it has no response topic" : "its response topic is one of Convey's own",
                ])
            return
        }
        // A retained question would be asked again by every reconnect, and nobody waits for it.
        guard !message.isRetained else { return }
        var answer = Answer(
            topic: topic, correlationData: message.correlationData,
            answer: QueryAnswer(QueryError(.busy, "\(state.open) queries are open; ask again later")))
        guard state.open < Self.openLimit else {
            // So many that not even refusals leave in time: who asks hears nothing, and asks again.
            if state.waiting.count < Self.openLimit { state.waiting.append(answer) }
            return
        }
        do throws(QueryError) {
            guard message.payload.count <= Self.payloadLimit else {
                throw QueryError(.parameterInvalid, "the parameters are longer than \(Self.payloadLimit) bytes")
            }
            let request = try QueryTopic.request(topic: message.topic, payload: message.payload, root: session.root)
            state.asked += 1
            service.submit(request) { [self, answer] result in
                var answer = answer
                answer.answer = result
                answers.withLock { $0.append(answer) }
                wake.wake()
            }
        } catch {
            answer.answer = QueryAnswer(error)
            state.waiting.append(answer)
        }
    }

    /// Convey may publish where a host may not, so a host must not choose any topic for it: of Convey's own topics only
    /// `{root}/receipt/…` is for receipts and answers.
    private func mayAnswer(on topic: String) -> Bool {
        let root = session.root + "/"
        return !topic.hasPrefix(root) || topic.hasPrefix(root + "receipt/")
    }

    // MARK: Answers

    private func publishAnswers(_ connection: MQTTConnection, _ state: inout State) {
        let answered = answers.withLock { answers in
            defer { answers = [] }
            return answers
        }
        state.asked -= answered.count
        state.waiting += answered
        guard connection.isConnected else {
            // Who asked over the connection that has ended will ask again.
            state.waiting.removeAll()
            return
        }
        var sent = 0
        while sent < state.waiting.count, state.inFlight.count < Self.openLimit {
            let answer = state.waiting[sent]
            sent += 1
            do throws(MQTTError) {
                let messageID = try connection.publish(
                    topic: answer.topic, payload: answer.answer.body,
                    properties: PublishProperties(
                        contentType: "application/json", correlationData: answer.correlationData,
                        userProperties: [("status", String(answer.answer.status))]))
                state.inFlight.insert(messageID)
            } catch {
                logger.debug("an answer cannot be published", metadata: ["reason": "\(error)"])
                if !connection.isConnected { break }
            }
        }
        state.waiting.removeFirst(min(sent, state.waiting.count))
    }
}
