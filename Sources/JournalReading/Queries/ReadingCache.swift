import Signals

/// The most recently queried conversations, limited by bytes.
struct ReadingCache {
    private var readings: [ExactText: ConversationReading] = [:]
    private var uses: UInt64 = 0
    private var bytes = 0
    private let limit: Int

    init(limit: Int) {
        self.limit = limit
    }

    func find(_ subject: String) -> ConversationReading? { readings[ExactText(subject)] }

    mutating func insert(_ reading: ConversationReading) {
        readings[ExactText(reading.head.subject)] = reading
    }

    mutating func remove(_ subject: String) {
        readings[ExactText(subject)] = nil
    }

    /// Notes a query about a conversation, and drops others while the total is too large. Shrinking to three quarters
    /// at once keeps it O(log n) per query on average.
    mutating func used(_ reading: ConversationReading, before: Int) {
        uses += 1
        reading.lastUsed = uses
        bytes += reading.bytes - before
        guard bytes > limit else { return }
        for candidate in readings.values.sorted(by: { $0.lastUsed < $1.lastUsed }) {
            guard bytes > limit / 4 * 3 else { break }
            readings[ExactText(candidate.head.subject)] = nil
            bytes -= candidate.bytes
        }
    }
}
