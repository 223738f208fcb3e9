/// Publishes in order: first waiting, then in flight until their PUBACK. A pure value: the caller reports what was
/// sent.
struct OutgoingQueue {
    struct Entry {
        let message: OutgoingMessage
        let batch: PublishBatch
        /// Place in the order of publishing.
        let sequence: UInt64
    }

    /// Maximum number in flight.
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
        } else if firstWaiting >= 1024 {  // Frees the memory of a long queue piece by piece.
            waiting.removeFirst(firstWaiting)
            firstWaiting = 0
        }
        return entry
    }

    mutating func sent(_ entry: Entry, messageID: Int32) {
        inFlight[messageID] = entry
    }

    /// The entry whose PUBACK arrived, or nil for a foreign id.
    mutating func acknowledged(messageID: Int32) -> Entry? {
        inFlight.removeValue(forKey: messageID)
    }

    /// Puts everything unacknowledged, and `extra`, back at the front, in the order of publishing.
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
