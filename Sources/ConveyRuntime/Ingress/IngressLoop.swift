import ConveyEngine
import Logging
import MQTTTransport
import Observability
import Signals
import Synchronization
import Threads

/// Takes signals from the broker: read a batch, have it committed, and only then let its PUBACKs out. Owns a thread and
/// the connection with the persistent session.
///
/// Invariant of promise 1: between `read` and a successful `submit` nothing is written to this connection.
final class IngressLoop: Sendable {
    struct Settings: Sendable {
        var session: BrokerSession
        /// Messages a batch, and what the broker may send unacknowledged.
        var batchLimit: Int
        var maximumPayloadBytes: Int
        /// Whether signals were recorded before: then the broker should know the session.
        var expectsSession: Bool
    }

    private let settings: Settings
    private let mailbox: EngineMailbox
    private let replies: Replies
    private let backPressure: BackPressure
    private let board: StatusBoard
    private let wake: WakeHandle
    private let logger: Logger
    private let beat: ThreadBeat
    private let isStopping = Atomic(false)

    /// Bytes of payload a batch: bounds memory where messages are large.
    private static let batchBytes = 8 * 1_024 * 1_024
    /// What the broker sends again comes first in a resumed session: at most about two batches, and at once.
    private static let redeliveryBatches = 2
    private static let redeliveryMicroseconds: Int64 = 5_000_000
    private static let unconfirmed = RuntimeStatus.Broker.connecting("the subscription is not confirmed yet")

    init(
        settings: Settings, mailbox: EngineMailbox, replies: Replies, backPressure: BackPressure,
        board: StatusBoard, wake: WakeHandle, logger: Logger, beat: ThreadBeat
    ) {
        self.settings = settings
        self.mailbox = mailbox
        self.replies = replies
        self.backPressure = backPressure
        self.board = board
        self.wake = wake
        self.logger = logger
        self.beat = beat
    }

    /// Ends `run` after the batch at hand.
    func stop() {
        isStopping.store(true, ordering: .releasing)
        wake.wake()
    }

    func run() throws(MQTTError) {
        let link = try BrokerLink(options, wake: wake, beat: beat)
        var state = State(expectsSession: settings.expectsSession)
        while !isStopping.load(ordering: .acquiring) {
            beat.turn()
            let pause = backPressure.pause
            if !link.isOpen {
                // What ended the connection may not have been read yet.
                takeBatch(link, &state)
                // A paused connection could not read the broker's answer, so it waits for the end of the pause.
                if let pause { paused(pause) } else if let loss = link.connect() { lost(loss) }
            }
            let mayRead = pause == nil
            Linger.sleep(state.rest)
            state.rest = 0
            if link.poll(milliseconds: mayRead ? nil : BrokerLink.pollMilliseconds, reading: mayRead) {
                takeBatch(link, &state)
            }
            guard link.isOpen else { continue }
            link.keepAlive(reading: mayRead)
            noteSilence(link, state)
            link.connection.flush()
        }
        link.connection.disconnect()
    }

    private struct State {
        var expectsSession: Bool
        /// Messages since the connection was made.
        var sinceConnected = 0
        /// Until when a message may be one that was sent before (microseconds, monotonic).
        var redeliveryUntil: Int64 = 0
        var identifiers = IdentifierSource()
        var linger = Linger()
        /// Before the next read, in microseconds.
        var rest: Int64 = 0
        var isSubscribed = false

        init(expectsSession: Bool) {
            self.expectsSession = expectsSession
        }
    }

    private var options: MQTTOptions {
        MQTTOptions(
            broker: settings.session.broker, clientID: settings.session.clientID, version: settings.session.version,
            cleanStart: false, sessionExpirySeconds: settings.session.sessionExpirySeconds,
            receiveMaximum: UInt16(clamping: settings.batchLimit), acknowledgement: .whenFlushed)
    }

    private func lost(_ loss: BrokerLoss) {
        board.setBroker(.connecting(loss.reason))
        if loss.isWorthLogging {
            logger.warning("no connection to the broker; trying again", metadata: ["reason": "\(loss.reason)"])
        }
    }

    private func noteSilence(_ link: BrokerLink, _ state: State) {
        switch link.silence() {
        case .silent(let words): board.setBroker(.silent(words))
        case .ended: board.setBroker(state.isSubscribed ? .connected : Self.unconfirmed)
        case nil: break
        }
    }

    /// The connection has ended meanwhile; the broker keeps what it has for the session.
    private func paused(_ reason: String) {
        board.setBroker(.pausing(reason))
    }

    /// Reads what has come, has it committed, and lets the acknowledgements out.
    private func takeBatch(_ link: BrokerLink, _ state: inout State) {
        let inbox = link.connection.read(limit: settings.batchLimit, byteLimit: Self.batchBytes)
        let arrived = Clocks.monotonicMicroseconds()
        for event in inbox.events { handle(event, link, &state) }
        state.rest = state.linger.rest(after: inbox.messages.count, at: arrived)
        let messages = inbox.messages.filter { !isOldRetained($0) }
        guard !messages.isEmpty else { return }
        let inbound = messages.map { decode($0, &state) }
        board.countIngress { metrics in
            metrics.counters.receivedBytes += messages.reduce(0) { $0 + UInt64($1.payload.count) }
        }
        beat.turn(allowing: BeatLimits.commit)
        switch mailbox.submit(inbound) {
        case .success(let outcomes):
            link.connection.flush()
            replies.send(receipts(for: messages, outcomes))
            let seconds = Double(Clocks.monotonicMicroseconds() - arrived) / 1_000_000
            board.countIngress { metrics in
                for _ in outcomes { metrics.recordSeconds.observe(seconds) }
            }
        case .failure(let error):
            // Not a byte must leave this connection any more: the broker delivers the batch again.
            lost(link.abandon(MQTTError(.connectionLost, "closed without acknowledging: \(error.message)")))
        }
    }

    private func handle(_ event: MQTTEvent, _ link: BrokerLink, _ state: inout State) {
        switch link.note(event) {
        case .connected(let sessionPresent):
            connected(link, sessionPresent: sessionPresent, &state)
        case .lost(let loss):
            lost(loss)
        case .subscribed(isGranted: false):
            lost(
                link.abandon(
                    MQTTError(
                        .subscribeRefused,
                        "the broker refuses the subscription to \(settings.session.root)/in/#: "
                            + "give \(settings.session.clientID) read access to it")))
        case .subscribed(isGranted: true):
            logger.info("connected to the broker", metadata: ["broker": "\(settings.session.broker)"])
            state.isSubscribed = true
            board.setBroker(.connected)
        case .acknowledged:
            break
        }
    }

    private func connected(_ link: BrokerLink, sessionPresent: Bool, _ state: inout State) {
        state.sinceConnected = 0
        state.redeliveryUntil = sessionPresent ? Clocks.monotonicMicroseconds() + Self.redeliveryMicroseconds : 0
        board.countIngress { $0.counters.brokerConnections += 1 }
        if state.expectsSession, !sessionPresent {
            board.countIngress { $0.counters.brokerSessionsLost += 1 }
            logger.warning(
                "the broker has forgotten the session: messages published while Convey was away may be lost",
                metadata: ["client_id": "\(settings.session.clientID)"])
        }
        state.expectsSession = true
        state.isSubscribed = false
        board.setBroker(Self.unconfirmed)
        do {
            _ = try link.connection.subscribe(
                ["\(settings.session.root)/in/#", "\(settings.session.root)/ingest/#"], retained: .never)
        } catch {
            lost(link.abandon(error))
        }
    }

    private func decode(_ message: ReceivedMessage, _ state: inout State) -> InboundSignal {
        let root = settings.session.root
        let inbound = InboundMessage(
            topic: message.topic, payload: message.payload, contentType: message.contentType,
            userProperties: message.userProperties)
        state.sinceConnected += 1
        let identifiers = state.identifiers
        let result = Envelope.decode(
            inbound, limits: EnvelopeLimits(maximumBytes: settings.maximumPayloadBytes),
            defaults: EnvelopeDefaults(root: root, makeID: { identifiers.next() }))
        switch result {
        case .success(let signal):
            return .accepted(signal)
        case .failure(let rejection):
            return .rejected(
                RejectedMessage(
                    subject: TopicName.parse(message.topic, root: root)?.subject, topic: message.topic,
                    payload: message.payload, rejection: rejection,
                    mayBeRedelivery: state.sinceConnected <= settings.batchLimit * Self.redeliveryBatches
                        && Clocks.monotonicMicroseconds() < state.redeliveryUntil))
        }
    }

    /// A retained message that the broker repeats because the subscription is new (MQTT 3.1.1, 3.3.1.3; with MQTT 5 none
    /// come). It is no new signal: who publishes one while Convey is subscribed is heard without that mark.
    private func isOldRetained(_ message: ReceivedMessage) -> Bool {
        guard message.isRetained else { return false }
        logger.debug("a retained message is no signal", metadata: ["topic": "\(message.topic)"])
        return true
    }

    private func receipts(for messages: [ReceivedMessage], _ outcomes: [RecordOutcome]) -> [Reply] {
        zip(messages, outcomes).compactMap { message, outcome in
            guard let topic = replies.topic(forAnswerTo: message) else { return nil }
            return Reply(topic: topic, correlationData: message.correlationData, content: .receipt(outcome))
        }
    }
}
