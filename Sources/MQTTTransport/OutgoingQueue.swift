/// A message to publish at QoS 1.
public struct OutgoingMessage: Sendable {
    public var topic: String
    public var payload: [UInt8]
    public var properties: PublishProperties
    public var retain: Bool
    /// Whether publishing it fails with `noSubscriber` when the broker says that nobody is subscribed (MQTT 5, 3.4.2.1; a
    /// broker need not say so, and a 3.1.1 broker cannot).
    public var needsSubscriber: Bool

    /// A message; `topic` is a topic name without wildcards.
    public init(
        topic: String, payload: [UInt8], properties: PublishProperties = .init(), retain: Bool = false,
        needsSubscriber: Bool = false
    ) {
        self.topic = topic
        self.payload = payload
        self.properties = properties
        self.retain = retain
        self.needsSubscriber = needsSubscriber
    }
}

/// Messages that were handed over together, and the one answer for all of them.
final class PublishBatch {
    private(set) var remaining: Int
    let deadline: ContinuousClock.Instant
    private var failure: MQTTError?
    private var reply: MQTTReply?

    init(count: Int, deadline: ContinuousClock.Instant, reply: @escaping MQTTReply) {
        remaining = count
        self.deadline = deadline
        self.reply = reply
    }

    /// False once it is answered.
    var isOpen: Bool { reply != nil }

    /// Notes the result of one message; the first failure is the batch's.
    func complete(_ error: MQTTError?) {
        failure = failure ?? error
        remaining -= 1
        if remaining == 0 { finish(failure) }
    }

    /// Answers now, whatever is outstanding.
    func finish(_ error: MQTTError?) {
        reply?(error.map { .failure($0) } ?? .success(()))
        reply = nil
    }
}

/// Publishes in order: first waiting, then in flight until their PUBACK. A pure value: it is told what was sent.
struct OutgoingQueue {
    struct Entry {
        let message: OutgoingMessage
        let batch: PublishBatch
        /// Place in the order of publishing.
        let sequence: UInt64
    }

    /// How many may be in flight at once.
    let window: Int
    private var waiting: [Entry] = []
    private var firstWaiting = 0
    private var inFlight: [Int32: Entry] = [:]
    private var nextSequence: UInt64 = 0

    init(window: Int) { self.window = window }

    var isEmpty: Bool { inFlight.isEmpty && firstWaiting == waiting.count }
    var hasInFlight: Bool { !inFlight.isEmpty }

    mutating func append(_ messages: [OutgoingMessage], batch: PublishBatch) {
        for message in messages {
            waiting.append(Entry(message: message, batch: batch, sequence: nextSequence))
            nextSequence += 1
        }
    }

    /// The next message to send if the window has room. It must be answered with `sent` or `putBack`, or dropped.
    mutating func takeNext() -> Entry? {
        guard inFlight.count < window, firstWaiting < waiting.count else { return nil }
        let entry = waiting[firstWaiting]
        firstWaiting += 1
        if firstWaiting == waiting.count {
            waiting.removeAll(keepingCapacity: true)
            firstWaiting = 0
        } else if firstWaiting >= 1024 {  // Gives the memory of a long queue back piece by piece.
            waiting.removeFirst(firstWaiting)
            firstWaiting = 0
        }
        return entry
    }

    mutating func sent(_ entry: Entry, messageID: Int32) {
        inFlight[messageID] = entry
    }

    /// The entry whose PUBACK came, or nil for an id that is not ours.
    mutating func acknowledged(messageID: Int32) -> Entry? {
        inFlight.removeValue(forKey: messageID)
    }

    /// Puts everything unacknowledged, and `extra`, back in front, in the order of publishing.
    mutating func connectionLost(extra: Entry? = nil) {
        var again = Array(inFlight.values)
        if let extra { again.append(extra) }
        again.sort { $0.sequence < $1.sequence }
        waiting = again + waiting[firstWaiting...]
        firstWaiting = 0
        inFlight = [:]
    }

    /// All batches that have an unanswered message.
    var batches: [PublishBatch] { waiting[firstWaiting...].map(\.batch) + inFlight.values.map(\.batch) }
}
