import ConveyEngine
import JournalPort
import Logging
import MQTTTransport
import Observability
import Signals
import Synchronization
import Threads

/// Takes signals from the broker: read a batch, have the shards commit it, and only then acknowledge it. Owns a thread and the
/// connection with the persistent session.
///
/// Where processors are to spare it reads further batches while earlier ones are being committed; the engine takes what has come in one
/// transaction. Over TLS acknowledgements cannot be told apart, so there it waits for each batch.
///
/// Invariant of promise 1: the PUBACK of a message leaves in `finish`, after its shard has committed. Over TLS every write acknowledges
/// what was read, so between `read` and the commit nothing is written.
final class IngressLoop: Sendable {
    struct Settings: Sendable {
        var session: BrokerSession
        /// Messages per batch.
        var batchLimit: Int
        /// Whether batches are read while earlier ones are being committed. Never over TLS.
        var readsAhead: Bool
        var maximumPayloadBytes: Int
        /// Whether signals were recorded before: then the broker should know the session.
        var expectsSession: Bool

        /// Messages that may be on their way to the shards at once: what is read while as many are being committed.
        var inFlightLimit: Int { readsAhead ? 2 * batchLimit : batchLimit }

        /// Messages that the broker may send unacknowledged.
        /// - Parameter shards: with several, one of them may fail and the others go on.
        func receiveMaximum(shards: Int) -> Int { inFlightLimit + (shards > 1 ? WithheldMessages.limit : 0) }
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
    /// Whether messages are acknowledged one by one, or everything that was read.
    private let isExplicit: Bool
    private let isStopping = Atomic(false)

    /// Bytes of payload a batch: bounds memory where messages are large.
    private static let batchBytes = 8 * 1_024 * 1_024
    private static let inFlightBytes = 2 * batchBytes
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
        isExplicit = settings.session.broker.tls == nil
        self.replies = replies
        self.backPressure = backPressure
        self.board = board
        self.wake = wake
        self.logger = logger
        self.beat = beat
    }

    /// Ends `run` when what was read is committed.
    func stop() {
        isStopping.store(true, ordering: .releasing)
        wake.wake()
    }

    func run() throws(MQTTError) {
        let link = try BrokerLink(options, wake: wake, beat: beat)
        var state = State(expectsSession: settings.expectsSession)
        while true {
            beat.turn()
            finishBatches(link, &state)
            let isStopping = isStopping.load(ordering: .acquiring)
            if isStopping, state.batches.isEmpty { break }
            let isDraining = welcomeBack(link.connection, &state)
            let pause = backPressure.pause
            if !link.isOpen {
                // What ended the connection may not have been read yet.
                takeBatch(link, &state)
                // A paused connection could not read the broker's answer, so it waits for the end of the pause.
                if let pause { paused(pause) } else if !isStopping, let loss = link.connect() { lost(loss) }
            }
            let now = Clocks.monotonicMicroseconds()
            let mayRead =
                pause == nil && !isStopping && !isDraining && now >= state.restUntil && mayReadAhead(state)
            let isListening = pause == nil && !isStopping
            let wait = state.wait(from: now) ?? (isListening ? nil : BrokerLink.pollMilliseconds)
            if link.poll(milliseconds: wait, reading: mayRead) { takeBatch(link, &state) }
            guard link.isOpen else { continue }
            link.keepAlive(reading: mayRead)
            noteSilence(link, state)
            if !isExplicit { link.connection.flush() }
        }
        link.connection.disconnect()
    }

    private func mayReadAhead(_ state: State) -> Bool {
        guard settings.readsAhead else { return state.batches.isEmpty }
        return state.messages < settings.inFlightLimit && state.bytes < Self.inFlightBytes
    }

    /// Messages that were read together and are on their way to the shards.
    private struct Batch {
        var messages: [ReceivedMessage]
        var bytes: Int
        /// When they were read, in microseconds of the monotonic clock.
        var arrived: Int64
        var submission: Submission
    }

    private struct State {
        var expectsSession: Bool
        /// Messages since the connection was made.
        var sinceConnected = 0
        /// Until when a message may be one that was sent before (microseconds, monotonic).
        var redeliveryUntil: Int64 = 0
        var identifiers = IdentifierSource()
        var linger = Linger()
        /// Between the end of a round and the next read, in microseconds.
        var rest: Int64 = 0
        /// Nothing is read before (microseconds, monotonic).
        var restUntil: Int64 = 0
        var isSubscribed = false
        var withheld = WithheldMessages()
        /// What is on its way to the shards, oldest first.
        private(set) var batches: [Batch] = []
        private(set) var messages = 0
        private(set) var bytes = 0
        /// The newest batch that came over the connection at hand.
        var newest: Submission?

        init(expectsSession: Bool) {
            self.expectsSession = expectsSession
        }

        mutating func append(_ batch: Batch) {
            batches.append(batch)
            messages += batch.messages.count
            bytes += batch.bytes
            newest = batch.submission
        }

        mutating func removeFirst() -> Batch {
            let batch = batches.removeFirst()
            messages -= batch.messages.count
            bytes -= batch.bytes
            return batch
        }

        /// Milliseconds until there is something to do without news; nil for no such time.
        func wait(from now: Int64) -> Int? {
            let times = [restUntil > now ? restUntil : nil, batches.first?.submission.deadline].compactMap(\.self)
            guard let next = times.min() else { return nil }
            let milliseconds = next.saturatingSubtract(now).saturatingAdd(999) / 1_000
            return min(max(0, Int(milliseconds)), BrokerLink.pollMilliseconds)
        }
    }

    private var options: MQTTOptions {
        MQTTOptions(
            broker: settings.session.broker, clientID: settings.session.clientID, version: settings.session.version,
            cleanStart: false, sessionExpirySeconds: settings.session.sessionExpirySeconds,
            receiveMaximum: UInt16(clamping: receiveMaximum),
            acknowledgement: isExplicit ? .explicit : .whenFlushed)
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

    /// Reads what has come and hands it to the shards.
    private func takeBatch(_ link: BrokerLink, _ state: inout State) {
        let inbox = link.connection.read(limit: settings.batchLimit, byteLimit: Self.batchBytes)
        let arrived = Clocks.monotonicMicroseconds()
        for event in inbox.events { handle(event, link, &state) }
        state.rest = state.linger.rest(after: inbox.messages.count, at: arrived)
        state.restUntil = arrived + state.rest
        let messages = inbox.messages.filter { !isOldRetained($0) }
        guard !messages.isEmpty else { return }
        let inbound = messages.map { decode($0, &state) }
        let bytes = messages.reduce(0) { $0 + $1.payload.count }
        board.countIngress { $0.counters.receivedBytes += UInt64(bytes) }
        let mayWithhold = isExplicit && shards.count > 1
        let submission = shards.submit(
            inbound, behind: state.newest, isPatient: !mayWithhold, withholding: state.withheld.shards,
            onComplete: { [wake] in wake.wake() })
        state.append(Batch(messages: messages, bytes: bytes, arrived: arrived, submission: submission))
        guard !isExplicit else { return }
        beat.turn(allowing: BeatLimits.commit)
        finish(state.removeFirst(), link, &state)
    }

    private func finishBatches(_ link: BrokerLink, _ state: inout State) {
        while let first = state.batches.first, first.submission.isOver(at: Clocks.monotonicMicroseconds()) {
            finish(state.removeFirst(), link, &state)
        }
    }

    /// Acknowledges what the shards have committed of a batch.
    private func finish(_ batch: Batch, _ link: BrokerLink, _ state: inout State) {
        let result = batch.submission.result()
        let isCurrent = batch.messages.first.map(link.connection.isCurrent) ?? false
        if isCurrent, let (shard, error) = result.failures.min(by: { $0.key < $1.key }) {
            if isExplicit, shards.count > 1 {
                withhold(batch, result, &state)
            } else {
                // Not a byte must leave this connection any more: the broker delivers the batch again.
                lost(link.abandon(MQTTError(.connectionLost, "closed without acknowledging: \(error.message)")))
                if shards.count > 1 { block(shard, error, &state) }
            }
        }
        if isExplicit {
            let recorded = zip(batch.messages, result.outcomes).lazy.filter { $0.1 != nil }
            link.connection.acknowledge(recorded.map(\.0))
        } else {
            link.connection.flush()
        }
        replies.send(receipts(for: batch.messages, result.outcomes))
        let now = Clocks.monotonicMicroseconds()
        // A round that ends with the commit rests behind it.
        if !settings.readsAhead { state.restUntil = now + state.rest }
        let seconds = Double(now - batch.arrived) / 1_000_000
        board.countIngress { metrics in
            for outcome in result.outcomes where outcome != nil { metrics.recordSeconds.observe(seconds) }
        }
    }

    /// What failed shards have not recorded stays unacknowledged. Later messages for them do as well, until the broker sends all of
    /// them again over a new connection: so each conversation's order stays.
    private func withhold(_ batch: Batch, _ result: Submission.Result, _ state: inout State) {
        let known = state.withheld.shards
        for shard in batch.submission.shards where result.failures[shard] != nil { state.withheld.add(shard) }
        for (shard, error) in result.failures where !known.contains(shard) {
            logger.warning(
                "a shard records nothing; its messages stay at the broker",
                metadata: ["shard": .stringConvertible(shard), "reason": "\(error)"])
        }
        if let reason = state.withheld.overflow { backPressure.withheld(reason) }
    }

    /// Over TLS nothing can be kept back for one shard alone, so ingress pauses until the shard is back.
    private func block(_ shard: Int, _ error: JournalError, _ state: inout State) {
        state.withheld.add(shard)
        backPressure.withheld("shard \(shard) records nothing, and over TLS all signals wait for it: \(error.message)")
    }

    /// When a shard is back for which messages are withheld, has the broker send them again, as soon as what is on its way has arrived.
    /// - Returns: whether that is still to be waited for.
    private func welcomeBack(_ connection: MQTTConnection, _ state: inout State) -> Bool {
        guard let shard = state.withheld.shards.first(where: { shards.host($0)?.isServing ?? false }) else {
            return false
        }
        guard state.batches.isEmpty else { return true }
        logger.notice(
            "a shard is back; reconnecting, so that the broker sends its messages again",
            metadata: ["shard": .stringConvertible(shard), "messages": .stringConvertible(state.withheld.total)])
        connection.disconnect()
        forgetWithheld(&state)
        return false
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
        state.newest = nil
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
