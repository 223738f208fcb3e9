import Logging
import MQTTTransport
import Observability
import Synchronization
import Threads

/// Receipts and answers to queries for the response topics of clients: which topics are allowed, what waits, and the
/// thread that publishes.
public final class Replies: Sendable {
    private let rule: ResponseTopicRule
    private let queue = ReplyQueue()
    private let loop: ReplyLoop
    private let wake: WakeHandle
    private let logger: Logger
    private let heartbeats: Heartbeats
    private let isOff: Bool
    private let refused = Atomic<UInt64>(0)
    private let refusalLog = Mutex(LogQuota())
    private let thread = Mutex<DedicatedThread?>(nil)

    /// - Throws: if the process has no descriptor left.
    init(
        session: BrokerSession, rule: ResponseTopicRule, logger: Logger, heartbeats: Heartbeats
    ) throws(MQTTError) {
        self.rule = rule
        self.heartbeats = heartbeats
        self.logger = logger
        // MQTT 3.1.1 has no response topics.
        isOff = session.version != .v5
        wake = try WakeHandle()
        loop = ReplyLoop(session: session, queue: queue, wake: wake, logger: logger)
    }

    /// Replies that were refused, and replies that did not reach the broker.
    var counters: MetricsSnapshot.Counters {
        var counters = MetricsSnapshot.Counters()
        counters.repliesRefused = refused.load(ordering: .relaxed)
        counters.repliesDropped = loop.droppedCount
        return counters
    }

    /// The topic for the answer to a message: its response topic, if `ResponseTopicRule` allows it. A refusal is
    /// counted, and logged within a quota.
    func topic(forAnswerTo message: ReceivedMessage) -> String? {
        guard let topic = message.responseTopic else { return nil }
        if rule.allows(topic, for: message.topic) { return topic }
        refused.wrappingAdd(1, ordering: .relaxed)
        if refusalLog.withLock({ $0.allows(now: Clocks.monotonicMicroseconds()) }) {
            logger.info(
                "no reply: mqtt.response_topics does not allow the response topic",
                metadata: ["topic": "\(message.topic)", "response_topic": "\(topic.prefix(256))"])
        }
        return nil
    }

    /// Queues replies; beyond a limit the oldest are dropped.
    func send(_ replies: [Reply]) {
        guard !replies.isEmpty else { return }
        let dropped = queue.append(replies)
        if dropped > 0 { loop.drop(dropped) }
        wake.wake()
    }

    func start() {
        guard !isOff else { return }
        thread.withLock { thread in
            guard thread == nil else { return }
            let beat = heartbeats.beat("replies", limit: BeatLimits.connection)
            thread = DedicatedThread(name: "convey-replies") { [loop, logger] in
                do {
                    try loop.run(beat)
                } catch {
                    logger.error("receipts and answers have ended", metadata: ["reason": "\(error)"])
                }
                beat.end()
            }
        }
    }

    /// Beyond its deadline it takes up to one round, unless it is connecting.
    private static let stopGrace: Int64 = 3_000_000

    /// Publishes waiting replies until the deadline (microseconds, monotonic), and ends the thread.
    func stop(by deadline: Int64) {
        loop.stop(by: deadline)
        let running = thread.withLock { $0.take() }
        running?.join(
            until: max(deadline, Clocks.monotonicMicroseconds()).saturatingAdd(Self.stopGrace), logger: logger)
    }
}
