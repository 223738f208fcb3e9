import Conversation
import JournalPort
import Signals

/// What is known of a conversation between two questions about it. Everything here can be made anew from the journal, and
/// shows the same then.
final class ConversationReading {
    var head: ConversationHead
    var chain: ConversationChain
    var timeline: TimelineWindow?
    var context: LLMContextProjection?
    /// The context has seen the conversation up to here.
    var contextThrough: Int64 = 0
    var state: StateReplay?
    /// Counts questions: the conversations asked for least recently go first.
    var lastUsed: UInt64 = 0
    /// Whether it is in the cache.
    var isKept = false

    init(head: ConversationHead) {
        self.head = head
        chain = ConversationChain(head: head)
    }

    /// About how much memory this takes.
    var bytes: Int {
        256 + head.subject.utf8.count + chain.bytes + (timeline?.bytes ?? 0) + (state?.bytes ?? 0)
            + (context.map(Self.bytes) ?? 0)
    }

    private static func bytes(of context: LLMContextProjection) -> Int {
        context.messages(last: 0).reduce(generationBytes) { $0 + 160 + $1.content.utf8.count }
    }

    /// A generous guess at what a context remembers of generations.
    private static let generationBytes = 64 * 1_024
}

/// The conversations last asked about, within a limit of bytes.
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

    /// Takes note that a conversation was asked about, and lets others go while all are too large. Going down to three
    /// quarters at once keeps it O(log n) a question on average.
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
