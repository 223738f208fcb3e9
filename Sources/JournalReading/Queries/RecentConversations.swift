import Conversation
import JournalPort
import Signals

/// The conversations of one shard, latest activity first. Each stands at its newest record, so that none appears twice
/// across pages.
struct RecentConversations {
    private let journals: ShardJournals
    let reader: any JournalReader
    private let filter: SubjectFilter
    private let since: Int64
    /// The conversations, if they were found by their subjects; nil to read the journal backwards.
    private var known: ArraySlice<ConversationHead>?
    private var links: ArraySlice<RecordLink> = []
    private var seen: Set<ConversationID> = []
    private var found: ConversationHead?
    private var isAtEnd = false
    /// Records that may still be read. The first read always happens, so that each query makes progress in each shard.
    private var budget: Int
    /// Everything from here on has been read; nil before the first read.
    private var before: Position?

    /// - Parameters:
    ///   - before: only conversations whose newest record is before it.
    ///   - known: the wanted conversations, in any order; nil to find them.
    ///   - budget: approximate number of records that may be read.
    init(
        _ journals: ShardJournals, _ reader: any JournalReader, _ request: QueryRequest, before: Position?,
        known: [ConversationHead]?, budget: Int
    ) {
        self.budget = max(1, budget)
        self.journals = journals
        self.reader = reader
        filter = request.filter
        let since = request.since ?? .min
        self.since = since
        self.before = before
        self.known = known.map { heads in
            let wanted = heads.filter { head in
                head.recordedAt >= since && before.map { head.position < $0 } ?? true
            }
            return wanted.sorted { $0.position > $1.position }[...]
        }
    }

    /// The point at which the next page continues: before this position.
    var place: Position? { found?.position.next ?? before }

    /// The next conversation; nil at the end, and when the budget is used up.
    mutating func next() throws(ShardFailure) -> ConversationHead? {
        if let known { return known.first }
        while found == nil, let link = try nextLink() {
            links.removeFirst()
            before = link.position
            guard seen.insert(link.conversation).inserted else { continue }
            let head = try journals.read(reader) { (reader) throws(JournalError) in
                try reader.head(id: link.conversation)
            }
            if let head, head.position == link.position, filter.matches(head.subject) { found = head }
        }
        return found
    }

    /// Consumes the element that `next` returned.
    mutating func take() {
        if let head = known?.popFirst() { before = head.position }
        found = nil
    }

    /// Whether there may be more.
    mutating func hasMore() throws(ShardFailure) -> Bool {
        if let known { return !known.isEmpty }
        if found != nil { return true }
        return try nextLink() != nil || !isAtEnd
    }

    private mutating func nextLink() throws(ShardFailure) -> RecordLink? {
        if links.isEmpty, !isAtEnd, budget > 0 {
            let end = before
            links = try journals.read(reader) { (reader) throws(JournalError) in
                try reader.newestLinks(before: end, limit: ConversationChain.step)
            }[...]
            budget -= links.count
            isAtEnd = links.isEmpty
        }
        if let link = links.first, link.recordedAt < since {
            isAtEnd = true
            links = []
        }
        return links.first
    }
}
