import ConveyEngine
import JournalPort
import Logging
import MQTTTransport
import Observability
import Signals
import Synchronization
import Threads

/// Takes signals from the broker: read a batch, have the shards commit it, and only then let its PUBACKs out. Owns a thread and
/// the connection with the persistent session.
///
/// Invariant of promise 1: between `read` and a successful `submit` nothing is written to this connection.
final class IngressLoop: Sendable {
    struct Settings: Sendable {
        var session: BrokerSession
        /// Messages per batch.
        var batchLimit: Int
        var maximumPayloadBytes: Int
        /// Whether signals were recorded before: then the broker should know the session.
        var expectsSession: Bool

        /// Messages that the broker may send unacknowledged.
        /// - Parameter shards: with several, one of them may fail and the others go on.
        func receiveMaximum(shards: Int) -> Int { batchLimit + (shards > 1 ? WithheldMessages.limit : 0) }
    }

    private let settings: Settings
    private let shards: ShardSet
    private let replies: Replies
    private let backPressure: BackPressure
    private let board: StatusBoard
    private let wake: WakeHandle
    private let logger: Logger
    private let beat: ThreadBeat
    private let receiveMaximum: Int
    private let isStopping = Atomic(false)

    /// Bytes of payload a batch: bounds memory where messages are large.
    private static let batchBytes = 8 * 1_024 * 1_024
    /// What the broker sends again comes first in a resumed session: at most about twice of what it may send unacknowledged, and at
    /// once.
    private static let redeliveryBatches = 2
    private static let redeliveryMicroseconds: Int64 = 5_000_000
    private static let unconfirmed = RuntimeStatus.Broker.connecting("the subscription is not confirmed yet")

    init(
        settings: Settings, shards: ShardSet, replies: Replies, backPressure: BackPressure,
        board: StatusBoard, wake: WakeHandle, logger: Logger, beat: ThreadBeat
    ) {
        self.settings = settings
        self.shards = shards
        receiveMaximum = settings.receiveMaximum(shards: shards.count)
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
            welcomeBack(link.connection, &state)
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
        var withheld = WithheldMessages()

        init(expectsSession: Bool) {
            self.expectsSession = expectsSession
        }
    }

    private var options: MQTTOptions {
        MQTTOptions(
            broker: settings.session.broker, clientID: settings.session.clientID, version: settings.session.version,
            cleanStart: false, sessionExpirySeconds: settings.session.sessionExpirySeconds,
            receiveMaximum: UInt16(clamping: receiveMaximum), acknowledgement: .whenFlushed)
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
        let canWithhold = shards.count > 1 && link.connection.canWithhold
        let result = shards.submit(inbound, isPatient: !canWithhold, withholding: state.withheld.shards)
        if let (shard, error) = result.failures.min(by: { $0.key < $1.key }) {
            guard canWithhold else {
                // Not a byte must leave this connection any more: the broker delivers the batch again.
                lost(link.abandon(MQTTError(.connectionLost, "closed without acknowledging: \(error.message)")))
                if shards.count > 1 { block(shard, error, &state) }
                return
            }
            withhold(messages, result, link.connection, &state)
        }
        link.connection.flush()
        replies.send(receipts(for: messages, result.outcomes))
        let seconds = Double(Clocks.monotonicMicroseconds() - arrived) / 1_000_000
        board.countIngress { metrics in
            for outcome in result.outcomes where outcome != nil { metrics.recordSeconds.observe(seconds) }
        }
    }

    /// Keeps back the acknowledgements of what failed shards have not recorded. Later messages for them are kept back as well, until
    /// the broker sends all of them again over a new connection: so each conversation's order stays.
    private func withhold(
        _ messages: [ReceivedMessage], _ result: ShardSet.BatchResult, _ connection: MQTTConnection,
        _ state: inout State
    ) {
        let failed = zip(messages, result.shards).filter { result.failures[$1] != nil }
        connection.withhold(failed.map(\.0))
        let known = state.withheld.shards
        for (_, shard) in failed { state.withheld.add(shard) }
        for (shard, error) in result.failures where !known.contains(shard) {
            logger.warning(
                "a shard records nothing; its messages stay at the broker",
                metadata: ["shard": "\(shard)", "reason": "\(error)"])
        }
        if let reason = state.withheld.overflow { backPressure.withheld(reason) }
    }

    /// Over TLS nothing can be kept back for one shard alone, so ingress pauses until the shard is back.
    private func block(_ shard: Int, _ error: JournalError, _ state: inout State) {
        state.withheld.add(shard)
        backPressure.withheld("shard \(shard) records nothing, and over TLS all signals wait for it: \(error.message)")
    }

    /// When a shard is back for which messages are withheld, has the broker send them again.
    private func welcomeBack(_ connection: MQTTConnection, _ state: inout State) {
        guard let shard = state.withheld.shards.first(where: { shards.host($0)?.isServing ?? false }) else { return }
        logger.notice(
            "a shard is back; reconnecting, so that the broker sends its messages again",
            metadata: ["shard": "\(shard)", "messages": "\(state.withheld.total)"])
        connection.disconnect()
        forgetWithheld(&state)
    }

    /// The broker sends what was withheld again over the next connection.
    private func forgetWithheld(_ state: inout State) {
        guard state.withheld.total > 0 else { return }
        state.withheld = WithheldMessages()
        backPressure.withheld(nil)
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
        forgetWithheld(&state)
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
                    mayBeRedelivery: state.sinceConnected <= receiveMaximum * Self.redeliveryBatches
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

    private func receipts(for messages: [ReceivedMessage], _ outcomes: [RecordOutcome?]) -> [Reply] {
        zip(messages, outcomes).compactMap { message, outcome in
            guard let outcome, let topic = replies.topic(forAnswerTo: message) else { return nil }
            return Reply(topic: topic, correlationData: message.correlationData, content: .receipt(outcome))
        }
    }
}
