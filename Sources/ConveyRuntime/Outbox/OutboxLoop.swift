import JournalPort
import Logging
import MQTTTransport
import Signals
import Synchronization
import Threads

/// Publishes committed events in record order, with a bounded number of publishes in flight. The durable cursor follows
/// the broker's acknowledgements. Owns a thread and a connection.
final class OutboxLoop: Sendable {
    struct Settings: Sendable {
        var shard = 0
        var session: BrokerSession
        /// Maximum publishes in flight.
        var window: Int
        var version: String
        /// Nil where no other process can take the shard over.
        var lease: (any JournalLease)?

        var clientID: String { session.clientID + (shard == 0 ? "-out" : "-out-\(shard)") }
    }

    private let settings: Settings
    private let queue: OutboxQueue
    private let mailbox: EngineMailbox
    private let board: ShardBoard
    private let wake: WakeHandle
    private let logger: Logger
    private let beat: ThreadBeat
    private let isStopping = Atomic(false)
    private let stopBy = Atomic<Int64>(.max)
    /// Whether the end of the loop is the end of the service, which is then announced.
    private let announcesEnd = Atomic(true)

    /// Records read from the journal at a time.
    private static let journalPage = 500

    init(
        settings: Settings, queue: OutboxQueue, mailbox: EngineMailbox, board: ShardBoard, wake: WakeHandle,
        logger: Logger, beat: ThreadBeat
    ) {
        self.settings = settings
        self.queue = queue
        self.mailbox = mailbox
        self.board = board
        self.wake = wake
        self.logger = logger
        self.beat = beat
    }

    /// Ends `run` once everything is acknowledged, or at the deadline (microseconds, monotonic).
    /// - Parameter announcing: whether the service ends, and not only this shard.
    func stop(by deadline: Int64, announcing: Bool = true) {
        announcesEnd.store(announcing, ordering: .releasing)
        stopBy.store(deadline, ordering: .releasing)
        isStopping.store(true, ordering: .releasing)
        wake.wake()
    }

    /// - Parameters:
    ///   - cursor: everything up to here was acknowledged before.
    ///   - reader: reads events that are not in memory.
    func run(cursor: Position, reader: any JournalReader) throws {
        let link = try BrokerLink(
            options, wake: wake, beat: beat, mayConnect: { [lease = settings.lease] in lease?.isHeld ?? true })
        let connection = link.connection
        var state = OutboxState(cursor: cursor, root: settings.session.root, ids: DerivedIDs(reader.shard.tag))
        while !isDone(state, link) {
            beat.turn()
            let cursor = state.cursor
            if !link.isOpen {
                // The data that ended the connection may not have been read yet.
                read(link, &state)
                if state.refusals.remainingMilliseconds == 0, let loss = link.connect() { lost(loss, &state) }
            }
            if link.isConnected, try publish(connection, reader, &state) {
                Linger.sleep(state.linger.rest(after: state.inFlightCount, at: Clocks.monotonicMicroseconds()))
            }
            let pause = max(link.retryMilliseconds, state.refusals.remainingMilliseconds)
            let wait = link.isOpen ? BrokerLink.pollMilliseconds : pause
            if link.poll(milliseconds: isStopping.load(ordering: .acquiring) ? min(wait, 50) : wait) {
                read(link, &state)
            }
            noteProgress(since: cursor, &state)
            link.keepAlive()
            noteSilence(link)
        }
        // Only the first shard publishes the service's status.
        if connection.isConnected, settings.shard == 0, announcesEnd.load(ordering: .acquiring) {
            _ = announce("offline", connection)
        }
        connection.disconnect()
    }

    /// Without a broker there is nothing to wait for: unpublished events are in the journal.
    private func isDone(_ state: OutboxState, _ link: BrokerLink) -> Bool {
        guard isStopping.load(ordering: .acquiring) else { return false }
        // Events committed since it became idle must still be published.
        return (state.isIdle && queue.hasNothing(after: state.taken)) || !link.isConnected
            || Clocks.monotonicMicroseconds() >= stopBy.load(ordering: .acquiring)
    }

    private var statusTopic: String {
        "\(settings.session.root)/status/\(TopicName.encode(level: settings.session.node))"
    }

    private func statusPayload(_ status: String) -> [UInt8] {
        var object = JSONObjectBuilder()
        object.add("status", status)
        object.add("node", settings.session.node)
        object.add("version", settings.version)
        return object.finish()
    }

    private var options: MQTTOptions {
        MQTTOptions(
            broker: settings.session.broker, clientID: settings.clientID,
            version: settings.session.version, outgoingWindow: UInt16(clamping: settings.window),
            will: settings.shard == 0
                ? MQTTWill(topic: statusTopic, payload: statusPayload("offline"), retain: true) : nil)
    }

    private func lost(_ loss: BrokerLoss, _ state: inout OutboxState) {
        // The engine continues without a broker.
        queue.restart()
        state.poison.ended(loss.error, inFlight: state.unacknowledged)
        state.startOver()
        board.setOutbox(.connecting(loss.reason))
        guard loss.isWorthLogging else { return }
        logger.warning(
            "the outbox has no connection to the broker; trying again", metadata: ["reason": "\(loss.reason)"])
    }

    private func noteSilence(_ link: BrokerLink) {
        switch link.silence() {
        case .silent(let words): board.setOutbox(.silent(words))
        case .ended: board.setOutbox(.publishing)
        case nil: break
        }
    }

    private func read(_ link: BrokerLink, _ state: inout OutboxState) {
        for event in link.connection.read(limit: 1_000, byteLimit: 1 << 20).events { handle(event, link, &state) }
    }

    private func handle(_ event: MQTTEvent, _ link: BrokerLink, _ state: inout OutboxState) {
        switch link.note(event) {
        case .connected:
            // Events that were not acknowledged over an earlier connection are published again.
            queue.restart()
            state.startOver()
            board.setOutbox(.publishing)
            state.poison.connected()
            state.statusMessageID = announce("online", link.connection)
            if state.statusMessageID == nil { state.poison.proven() }
        case .lost(let loss):
            lost(loss, &state)
        case .acknowledged(let messageID, let refusal):
            // The status may be refused: it matters only that the broker has processed it.
            if messageID == state.statusMessageID { state.poison.proven() }
            if let refusal {
                refused(messageID, refusal, link.connection, &state)
            } else {
                acknowledged(messageID, &state)
            }
        case .subscribed:
            break
        }
    }

    /// - Returns: the message's id.
    private func announce(_ status: String, _ connection: MQTTConnection) -> Int32? {
        do {
            return try connection.publish(
                topic: statusTopic, payload: statusPayload(status), retain: true,
                properties: PublishProperties(contentType: "application/json"))
        } catch {
            logger.warning("cannot publish the status", metadata: ["topic": "\(statusTopic)", "reason": "\(error)"])
            return nil
        }
    }

    /// Publishes as many events as the window allows.
    /// - Returns: whether it published anything.
    private func publish(
        _ connection: MQTTConnection, _ reader: any JournalReader, _ state: inout OutboxState
    ) throws -> Bool {
        var hasPublished = false
        var gathers = false
        defer { if gathers { connection.gather(false) } }
        while connection.isConnected, state.inFlightCount < state.poison.window(settings.window) {
            if !gathers, state.waiting.count - state.waitingHead >= MQTTConnection.gatheringThreshold {
                gathers = true
                connection.gather(true)
            }
            if state.waitingHead == state.waiting.count, try !refillPatiently(reader, &state) { break }
            let event = state.waiting[state.waitingHead]
            state.waitingHead += 1
            if let condemned = state.poison.condemned, condemned.position == event.record.position {
                setAside(event, condemned.reason, &state)
                continue
            }
            do throws(MQTTError) {
                try send(event, connection, &state)
                hasPublished = true
            } catch  where error.code == .messageTooLarge || error.code == .invalidTopic {
                setAside(event, "\(error)", &state)
            } catch {
                // The connection has ended, possibly because of this event: the next one starts over from the cursor.
                state.inFlight.append(OutboxState.InFlight(messageID: -1, position: event.record.position))
                return hasPublished
            }
        }
        return hasPublished
    }

    private func send(
        _ event: OutboundEvent, _ connection: MQTTConnection, _ state: inout OutboxState
    ) throws(MQTTError) {
        let publication = state.envelope.write(event)
        var properties = PublishProperties(contentType: "application/cloudevents+json")
        if let traceparent = publication.traceparent { properties.userProperties = [("traceparent", traceparent)] }
        let messageID = try connection.publish(
            topic: publication.topic, payload: publication.payload, properties: properties)
        state.inFlight.append(OutboxState.InFlight(messageID: messageID, position: event.record.position))
        state.isIdle = false
    }

    /// As `refill`; false also while the journal cannot be read.
    private func refillPatiently(
        _ reader: any JournalReader, _ state: inout OutboxState
    ) throws(JournalError) -> Bool {
        do {
            return try refill(reader, &state)
        } catch {
            guard error.isRetriable, settings.lease != nil else { throw error }
            logger.warning("the outbox cannot read the journal; trying again", metadata: ["reason": "\(error)"])
            return false
        }
    }

    /// Takes the next events from memory or the journal; false if there are none.
    private func refill(_ reader: any JournalReader, _ state: inout OutboxState) throws(JournalError) -> Bool {
        state.waiting.removeAll(keepingCapacity: true)
        state.waitingHead = 0
        while state.waiting.isEmpty {
            switch queue.next(after: state.taken) {
            case .events(let events):
                // Events read from the journal may be in memory as well.
                let known = events.prefix { $0.record.position <= state.taken }.count
                state.waiting = known == 0 ? events : Array(events.dropFirst(known))
                if let last = state.waiting.last { state.taken = last.record.position }
            case .journal(let through):
                try readJournal(reader, through: through, &state)
            case .nothing(let through):
                if state.inFlightCount == 0 { becomeIdle(through: through, &state) }
                return false
            }
        }
        return true
    }

    private func readJournal(
        _ reader: any JournalReader, through: Position, _ state: inout OutboxState
    ) throws(JournalError) {
        let page = try reader.records(after: state.taken, limit: Self.journalPage)
        for record in page where record.position <= through {
            do throws(JournalError) {
                if let event = try OutboundEvent(record, reader: reader) { state.waiting.append(event) }
            } catch {
                guard error.code == .damaged else { throw error }
                logger.error(
                    "an event cannot be read and is left out: its place in the sequence stays empty",
                    metadata: ["position": .stringConvertible(record.position.rawValue), "reason": "\(error.message)"])
            }
            state.taken = record.position
        }
        guard let last = page.last, last.position >= state.taken else {
            throw JournalError(.corrupt, "records after \(state.taken) are missing; the journal ends at \(through)")
        }
    }

    /// Nothing is left: the cursor also passes records that are not published.
    private func becomeIdle(through: Position, _ state: inout OutboxState) {
        state.isIdle = true
        guard through > state.cursor else { return }
        state.cursor = through
        state.taken = max(state.taken, through)
        mailbox.moveOutboxCursor(to: through)
        queue.progress.acknowledged(through: through)
    }

    private func acknowledged(_ messageID: Int32, _ state: inout OutboxState) {
        for index in state.inFlightHead..<state.inFlight.count where state.inFlight[index].messageID == messageID {
            state.inFlight[index].isAcknowledged = true
            state.published += 1
            state.refusals.succeeded()
            break
        }
        advance(&state)
    }

    /// Moves the cursor to the end of what is acknowledged without a gap.
    private func advance(_ state: inout OutboxState) {
        while state.inFlightHead < state.inFlight.count, state.inFlight[state.inFlightHead].isAcknowledged {
            state.cursor = state.inFlight[state.inFlightHead].position
            state.inFlightHead += 1
        }
        if state.inFlightHead == state.inFlight.count {
            state.inFlight.removeAll(keepingCapacity: true)
            state.inFlightHead = 0
        } else if state.inFlightHead >= 256 {
            state.inFlight.removeFirst(state.inFlightHead)
            state.inFlightHead = 0
        }
    }

    /// Skips an event that the broker will never accept. It stays in the journal, and an audit signal reports it. The
    /// cursor passes it as if it were acknowledged, but not before the audit signal is recorded.
    private func setAside(_ event: OutboundEvent, _ reason: String, _ state: inout OutboxState) {
        let unpublished = UnpublishedEvent(event, root: settings.session.root, ids: state.ids, reason: reason)
        logger.error(
            "the broker does not accept an event; it is set aside and stays in the journal",
            metadata: [
                "position": .stringConvertible(unpublished.position.rawValue),
                "type": "\(unpublished.type.prefix(256))", "reason": "\(reason)",
            ])
        mailbox.setAside(unpublished)
        board.countOutbox { $0.counters.eventsSetAside += 1 }
        queue.acknowledged(1)
        state.inFlight.append(
            OutboxState.InFlight(messageID: 0, position: event.record.position, isAcknowledged: true))
        state.isIdle = false
        advance(&state)
    }

    /// Reports the progress of a batch of acknowledgements.
    private func noteProgress(since cursor: Position, _ state: inout OutboxState) {
        if state.cursor > cursor {
            state.poison.passed(state.cursor)
            mailbox.moveOutboxCursor(to: state.cursor)
        }
        guard state.published > 0 else { return }
        queue.acknowledged(state.published)
        queue.progress.acknowledged(through: state.cursor)
        board.countOutbox { [published = state.published] in $0.counters.published += UInt64(published) }
        state.published = 0
    }

    /// The broker refuses an event. If the refusal is permanent, the event is eventually set aside. Otherwise skipping
    /// it would lose an event that an operator could still get published, so everything waits until the broker accepts
    /// it.
    private func refused(
        _ messageID: Int32, _ reasonCode: UInt8, _ connection: MQTTConnection, _ state: inout OutboxState
    ) {
        guard let refused = state.inFlight.first(where: { $0.messageID == messageID }) else {
            logger.warning("the broker refused the status", metadata: ["reason_code": .stringConvertible(reasonCode)])
            return
        }
        if PoisonWatch.isFinal(reasonCode) { state.poison.refused(refused.position, reasonCode: reasonCode) }
        if state.refusals.failed() {
            logger.error(
                "the broker refuses an event; the outbox waits and tries again",
                metadata: [
                    "position": .stringConvertible(refused.position.rawValue),
                    "reason_code": .stringConvertible(reasonCode),
                    "help": "give \(settings.clientID) write access to \(settings.session.root)/#",
                ])
        }
        connection.abandon()
        // Not `lost`: this refusal concerns one event, not all events in flight.
        queue.restart()
        state.startOver()
    }
}
