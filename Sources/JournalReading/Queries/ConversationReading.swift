import Conversation
import JournalPort
import Signals

/// What is cached of a conversation between two queries about it. All of it can be rebuilt from the journal with the
/// same result.
final class ConversationReading {
    var head: ConversationHead
    var chain: ConversationChain
    var timeline: TimelineWindow?
    var context: LLMContextProjection?
    /// The context contains the conversation up to here.
    var contextThrough: Int64 = 0
    var state: StateReplay?
    /// Counts queries: the least recently queried conversations are dropped first.
    var lastUsed: UInt64 = 0
    /// Whether it is in the cache.
    var isKept = false

    init(head: ConversationHead) {
        self.head = head
        chain = ConversationChain(head: head)
    }

    /// Approximate memory.
    var bytes: Int {
        256 + head.subject.utf8.count + chain.bytes + (timeline?.bytes ?? 0) + (state?.bytes ?? 0)
            + (context.map(Self.bytes) ?? 0)
    }

    private static func bytes(of context: LLMContextProjection) -> Int {
        context.messages(last: 0).reduce(generationBytes) { $0 + 160 + $1.content.utf8.count }
    }

    /// A generous estimate of the memory for generations in a context.
    private static let generationBytes = 64 * 1_024
}
