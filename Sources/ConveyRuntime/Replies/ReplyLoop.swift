import Logging
import MQTTTransport
import Synchronization
import Threads

/// Publishes replies over a connection of its own, so that a broker which ends it because of the topic that a client chose
/// disturbs neither the outbox nor ingress. Owns a thread.
///
/// Best effort: a reply at which the broker ends the connection is dropped, and its topic left alone for a while.
final class ReplyLoop: Sendable {
    private let session: BrokerSession
    private let queue: ReplyQueue
    private let wake: WakeHandle
    private let logger: Logger
    private let isStopping = Atomic(false)
    private let stopBy = Atomic<Int64>(.max)
    private let dropped = Atomic<UInt64>(0)

    private static let pollMilliseconds = 1_000
    /// Publishes on their way at once.
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
        let connection = try MQTTConnection(options)
        var state = State()
        while !isDone(state, connection) {
            // An attempt to connect takes as long as the kernel tries.
            beat.turn(allowing: connection.isOpen ? nil : BeatLimits.connecting)
            if !connection.isOpen {
                // What ended the connection may not have been read yet.
                for event in connection.read(limit: 1, byteLimit: 1).events { handle(event, &state) }
                connect(connection, &state)
            }
            publish(connection, &state)
            let wait = connection.isOpen ? Self.pollMilliseconds : state.backoff.remainingMilliseconds
            let polled = connection.poll(
                timeoutMilliseconds: isStopping.load(ordering: .acquiring) ? min(wait, 50) : wait, wake: wake)
            if polled.isReadable || polled.hasEnded {
                for event in connection.read(limit: 1_000, byteLimit: 1 << 20).events { handle(event, &state) }
            }
            if connection.isOpen { connection.keepAlive() }
        }
        connection.disconnect()
    }

    /// Owned by the thread.
    private struct State {
        struct Sent {
            var reply: Reply
            /// It is on its way alone, to see whether it is what ends the connection.
            var isAlone = false
        }

        var backoff = Backoff()
        var inFlight: [Int32: Sent] = [:]
        /// They were on their way when a connection ended; each goes alone now. At most a window.
        var suspects: [Reply] = []
        var shunned = ShunnedTopics()

        var isAlone: Bool { !suspects.isEmpty || inFlight.values.contains(where: \.isAlone) }
    }

    private func isDone(_ state: State, _ connection: MQTTConnection) -> Bool {
        guard isStopping.load(ordering: .acquiring) else { return false }
        return !connection.isConnected || (queue.isEmpty && state.inFlight.isEmpty && state.suspects.isEmpty)
            || Clocks.monotonicMicroseconds() >= stopBy.load(ordering: .acquiring)
    }

    private var options: MQTTOptions {
        MQTTOptions(
            broker: session.broker, clientID: session.clientID + "-receipts", version: session.version,
            outgoingWindow: UInt16(Self.window))
    }

    private func connect(_ connection: MQTTConnection, _ state: inout State) {
        guard state.backoff.remainingMilliseconds == 0 else { return }
        do {
            try connection.connect()
        } catch {
            ended(error, &state)
        }
    }

    private func handle(_ event: MQTTEvent, _ state: inout State) {
        switch event {
        case .connected:
            state.backoff.succeeded()
        case .connectionRefused(let error):
            ended(error, &state)
        case .disconnected(let error):
            ended(error, &state)
        case .publishAcknowledged(let messageID, let reasonCode):
            guard state.inFlight.removeValue(forKey: messageID) != nil else { return }
            if reasonCode >= 0x80 {
                drop(1)
                logger.debug("the broker refused a reply", metadata: ["reason_code": "\(reasonCode)"])
            }
        case .subscribed:
            break
        }
    }

    /// Decides what becomes of the replies that were on their way.
    private func ended(_ error: MQTTError?, _ state: inout State) {
        let sent = state.inFlight.sorted { $0.key < $1.key }.map(\.value.reply)
        state.inFlight.removeAll()
        if sent.count == 1, error?.mayComeFromMessage ?? false {
            state.shunned.insert(sent[0].topic, now: Clocks.monotonicMicroseconds())
            drop(1)
            logger.warning(
                "the broker ends the connection at a response topic; it gets no replies for a while",
                metadata: ["topic": "\(sent[0].topic.prefix(256))", "reason": "\(error.map { "\($0)" } ?? "")"])
        } else {
            state.suspects = sent + state.suspects
        }
        guard state.backoff.failed() else { return }
        logger.warning(
            "no connection to the broker for receipts and answers; trying again",
            metadata: ["reason": "\(error.map { "\($0)" } ?? "the connection has ended")"])
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

/// Topics at which the broker has ended the connection. They are forgotten after a while, and the oldest beyond a limit.
struct ShunnedTopics {
    private static let limit = 1_000
    private static let microseconds: Int64 = 60_000_000
    private var until: [String: Int64] = [:]

    mutating func insert(_ topic: String, now: Int64) {
        if until.count >= Self.limit { until = until.filter { $0.value > now } }
        if until.count >= Self.limit, let oldest = until.min(by: { $0.value < $1.value }) { until[oldest.key] = nil }
        until[topic] = now + Self.microseconds
    }

    func contains(_ topic: String, now: Int64) -> Bool {
        guard !until.isEmpty, let end = until[topic] else { return false }
        return end > now
    }
}
