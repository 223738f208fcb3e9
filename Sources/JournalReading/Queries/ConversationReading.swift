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
