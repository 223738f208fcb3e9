import ConveyEngine
import JournalPort
import Logging
import MQTTTransport
import Observability
import Signals
import Synchronization
import Threads

/// Receives signals from the broker: reads a batch, lets the shards commit it, and only then acknowledges it. Owns a
/// thread and the connection with the persistent session.
///
/// With spare processors it reads further batches while earlier ones are being committed; the engine takes everything
/// that has arrived in one transaction. Over TLS acknowledgements cannot be separated, so there it waits for each
/// batch.
///
/// Invariant of promise 1: the PUBACK of a message leaves in `finish`, after its shard has committed. Over TLS every
/// write acknowledges everything read, so between `read` and the commit nothing is written.
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

        /// Maximum messages in flight to the shards: further ones are read while as many are being committed.
        var inFlightLimit: Int { readsAhead ? 2 * batchLimit : batchLimit }

        /// Maximum unacknowledged messages that the broker may send.
        /// - Parameter shards: with several, one may fail while the others continue.
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
    /// Whether messages are acknowledged one by one; otherwise a write acknowledges everything read.
    private let isExplicit: Bool
    private let isStopping = Atomic(false)

    /// Maximum payload bytes per batch: bounds memory when messages are large.
    private static let batchBytes = 8 * 1_024 * 1_024
    private static let inFlightBytes = 2 * batchBytes
    /// In a resumed session the redelivered messages come first: at most about twice the number that the broker may
    /// send unacknowledged, and at once.
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

    /// Ends `run` once everything read is committed.
    func stop() {
        isStopping.store(true, ordering: .releasing)
        wake.wake()
    }

    func run() throws(MQTTError) {
        let link = try BrokerLink(options, wake: wake, beat: beat, mayConnect: settings.session.mayConnect)
        var state = State(expectsSession: settings.expectsSession)
        while true {
            beat.turn()
            finishBatches(link, &state)
            let isStopping = isStopping.load(ordering: .acquiring)
            if isStopping, state.batches.isEmpty { break }
            let isDraining = welcomeBack(link.connection, &state)
            let pause = backPressure.pause
            if !link.isOpen {
                // The data that ended the connection may not have been read yet.
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

    /// Messages that were read together and are in flight to the shards.
    private struct Batch {
        var messages: [ReceivedMessage]
        var bytes: Int
        /// The time at which they were read, in microseconds of the monotonic clock.
        var arrived: Int64
        var submission: Submission
    }

    private struct State {
        var expectsSession: Bool
        /// Messages since the connection was established.
        var sinceConnected = 0
        /// The time until which a message may be a redelivery (microseconds, monotonic).
        var redeliveryUntil: Int64 = 0
        var identifiers = IdentifierSource()
        var linger = Linger()
        /// Between the end of a round and the next read, in microseconds.
        var rest: Int64 = 0
        /// Reading pauses until this time (microseconds, monotonic).
        var restUntil: Int64 = 0
        var isSubscribed = false
        var withheld = WithheldMessages()
        /// Batches in flight to the shards, oldest first.
        private(set) var batches: [Batch] = []
        private(set) var messages = 0
        private(set) var bytes = 0
        /// The newest batch of the current connection.
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

        /// Milliseconds until the next work without new data; nil for no such time.
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

    /// The connection has ended during a pause; the broker keeps the messages in the session.
    private func paused(_ reason: String) {
        board.setBroker(.pausing(reason))
    }

    /// Reads the messages that have arrived and hands them to the shards.
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

    /// Acknowledges the messages of a batch that the shards have committed.
    private func finish(_ batch: Batch, _ link: BrokerLink, _ state: inout State) {
        let result = batch.submission.result()
        let isCurrent = batch.messages.first.map(link.connection.isCurrent) ?? false
        if isCurrent, let (shard, error) = result.failures.min(by: { $0.key < $1.key }) {
            if isExplicit, shards.count > 1 {
                withhold(batch, result, &state)
            } else {
                // Nothing more may leave this connection: the broker delivers the batch again.
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
        // If a round ends with the commit, the pause follows it.
        if !settings.readsAhead { state.restUntil = now + state.rest }
        let seconds = Double(now - batch.arrived) / 1_000_000
        board.countIngress { metrics in
            for outcome in result.outcomes where outcome != nil { metrics.recordSeconds.observe(seconds) }
        }
    }

    /// Messages that failed shards have not recorded stay unacknowledged, and so do later messages for these shards,
    /// until the broker sends all of them again over a new connection. So each conversation's order is kept.
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

    /// Over TLS messages cannot be withheld for a single shard, so ingress pauses until the shard is back.
    private func block(_ shard: Int, _ error: JournalError, _ state: inout State) {
        state.withheld.add(shard)
        backPressure.withheld("shard \(shard) records nothing, and over TLS all signals wait for it: \(error.message)")
    }

    /// When a shard with withheld messages is back, makes the broker send them again, once everything in flight has
    /// arrived.
    /// - Returns: whether it still has to wait for that.
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

    /// The broker sends the withheld messages again over the next connection.
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

    /// A retained message that the broker repeats because the subscription is new (MQTT 3.1.1, 3.3.1.3; with MQTT 5
    /// none arrive). It is not a new signal: a message published while Convey is subscribed arrives without that mark.
    private func isOldRetained(_ message: ReceivedMessage) -> Bool {
        guard message.isRetained else { return false }
        logger.debug("a retained message was ignored", metadata: ["topic": "\(message.topic)"])
        return true
    }

    private func receipts(for messages: [ReceivedMessage], _ outcomes: [RecordOutcome?]) -> [Reply] {
        zip(messages, outcomes).compactMap { message, outcome in
            guard let outcome, let topic = replies.topic(forAnswerTo: message) else { return nil }
            return Reply(topic: topic, correlationData: message.correlationData, content: .receipt(outcome))
        }
    }
}
