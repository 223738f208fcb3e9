import Logging
import MQTTTransport
import Synchronization
import Threads

/// Publishes replies over a separate connection, so that a broker that closes it because of a client's topic disturbs
/// neither the outbox nor ingress. Owns a thread.
///
/// Best effort: a reply at which the broker closes the connection is dropped, and its topic is avoided for a while.
final class ReplyLoop: Sendable {
    private let session: BrokerSession
    private let queue: ReplyQueue
    private let wake: WakeHandle
    private let logger: Logger
    private let isStopping = Atomic(false)
    private let stopBy = Atomic<Int64>(.max)
    private let dropped = Atomic<UInt64>(0)

    /// Maximum publishes in flight.
    private static let window = 200

    init(session: BrokerSession, queue: ReplyQueue, wake: WakeHandle, logger: Logger) {
        self.session = session
        self.queue = queue
        self.wake = wake
        self.logger = logger
    }

    /// Replies that did not reach the broker.
    var droppedCount: UInt64 { dropped.load(ordering: .relaxed) }

    /// Counts replies that were dropped.
    func drop(_ count: Int) {
        dropped.wrappingAdd(UInt64(count), ordering: .relaxed)
    }

    /// Ends `run` once everything is acknowledged, or at the deadline (microseconds, monotonic).
    func stop(by deadline: Int64) {
        stopBy.store(deadline, ordering: .releasing)
        isStopping.store(true, ordering: .releasing)
        wake.wake()
    }

    func run(_ beat: ThreadBeat) throws(MQTTError) {
        let link = try BrokerLink(options, wake: wake, beat: beat)
        var state = State()
        while !isDone(state, link) {
            beat.turn()
            if !link.isOpen {
                // The data that ended the connection may not have been read yet.
                read(link, &state)
                if let loss = link.connect() { ended(loss, &state) }
            }
            publish(link.connection, &state)
            let wait = link.isOpen ? BrokerLink.pollMilliseconds : link.retryMilliseconds
            if link.poll(milliseconds: isStopping.load(ordering: .acquiring) ? min(wait, 50) : wait) {
                read(link, &state)
            }
            link.keepAlive()
        }
        link.connection.disconnect()
    }

    /// Owned by the thread.
    private struct State {
        struct Sent {
            var reply: Reply
            /// It is in flight alone, to find out whether it ends the connection.
            var isAlone = false
        }

        var inFlight: [Int32: Sent] = [:]
        /// They were in flight when a connection ended; each is now sent alone. At most a window.
        var suspects: [Reply] = []
        var shunned = ShunnedTopics()

        var isAlone: Bool { !suspects.isEmpty || inFlight.values.contains(where: \.isAlone) }
    }

    private func isDone(_ state: State, _ link: BrokerLink) -> Bool {
        guard isStopping.load(ordering: .acquiring) else { return false }
        return !link.isConnected || (queue.isEmpty && state.inFlight.isEmpty && state.suspects.isEmpty)
            || Clocks.monotonicMicroseconds() >= stopBy.load(ordering: .acquiring)
    }

    private var options: MQTTOptions {
        MQTTOptions(
            broker: session.broker, clientID: session.nodeClientID + "-receipts", version: session.version,
            outgoingWindow: UInt16(Self.window))
    }

    private func read(_ link: BrokerLink, _ state: inout State) {
        for event in link.connection.read(limit: 1_000, byteLimit: 1 << 20).events {
            switch link.note(event) {
            case .connected, .subscribed: break
            case .lost(let loss): ended(loss, &state)
            case .acknowledged(let messageID, let refusal):
                guard state.inFlight.removeValue(forKey: messageID) != nil, let refusal else { continue }
                drop(1)
                logger.debug("the broker refused a reply", metadata: ["reason_code": .stringConvertible(refusal)])
            }
        }
    }

    /// Decides what to do with the replies in flight.
    private func ended(_ loss: BrokerLoss, _ state: inout State) {
        let sent = state.inFlight.sorted { $0.key < $1.key }.map(\.value.reply)
        state.inFlight.removeAll()
        if sent.count == 1, loss.error?.mayComeFromMessage ?? false {
            state.shunned.insert(sent[0].topic, now: Clocks.monotonicMicroseconds())
            drop(1)
            logger.warning(
                "the broker closes the connection at a response topic; it gets no replies for a while",
                metadata: ["topic": "\(sent[0].topic.prefix(256))", "reason": "\(loss.reason)"])
        } else {
            state.suspects = sent + state.suspects
        }
        guard loss.isWorthLogging else { return }
        logger.warning(
            "no connection to the broker for receipts and answers; trying again",
            metadata: ["reason": "\(loss.reason)"])
    }

    private func publish(_ connection: MQTTConnection, _ state: inout State) {
        guard connection.isConnected else { return }
        while connection.isConnected {
            let isAlone = state.isAlone
            let room = (isAlone ? 1 : Self.window) - state.inFlight.count
            guard room > 0 else { return }
            let replies = isAlone ? [state.suspects.removeFirst()] : queue.take(room)
            guard !replies.isEmpty else { return }
            let gathers = replies.count >= MQTTConnection.gatheringThreshold
            if gathers { connection.gather(true) }
            for (index, reply) in replies.enumerated() {
                guard connection.isConnected else {
                    state.suspects += replies[index...]
                    return
                }
                send(reply, isAlone: isAlone, connection, &state)
            }
            if gathers { connection.gather(false) }
        }
    }

    private func send(_ reply: Reply, isAlone: Bool, _ connection: MQTTConnection, _ state: inout State) {
        guard !state.shunned.contains(reply.topic, now: Clocks.monotonicMicroseconds()) else { return drop(1) }
        do throws(MQTTError) {
            let messageID = try connection.publish(
                topic: reply.topic, payload: reply.payload,
                properties: PublishProperties(
                    contentType: "application/json", correlationData: reply.correlationData,
                    userProperties: reply.status.map { [("status", String($0))] } ?? []))
            state.inFlight[messageID] = State.Sent(reply: reply, isAlone: isAlone)
        } catch  where error.code == .connectionLost || error.code == .notConnected {
            state.suspects.append(reply)
        } catch {
            drop(1)
            logger.debug("a reply cannot be published", metadata: ["reason": "\(error)"])
        }
    }
}
