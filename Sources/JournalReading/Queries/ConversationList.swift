import Conversation
import JournalPort
import Signals

/// The view `conversations`: `{"conversations":[…],"next":{"cursor":…}}`.
struct ConversationList {
    private let journals: ShardJournals
    private let request: QueryRequest
    private let limits: QueryLimits

    init(journals: ShardJournals, request: QueryRequest, limits: QueryLimits) {
        self.journals = journals
        self.request = request
        self.limits = limits
    }

    func answer() throws(ShardFailure) -> [UInt8] {
        switch request.order {
        case .subject: try bySubject()
        case .recent: try byActivity()
        }
    }

    private func bySubject() throws(ShardFailure) -> [UInt8] {
        var pages: [ConversationListing] = []
        for reader in journals.readers {
            pages.append(try scan(reader, after: request.cursor, limit: request.limit))
        }
        let page = ConversationListing(merging: pages, limit: request.limit)
        return list(page.heads, next: page.next)
    }

    /// Scans subjects of one shard, in order, until there are enough conversations or the shard's part of the limit is
    /// used up.
    private func scan(
        _ reader: any JournalReader, after subject: String?, limit: Int
    ) throws(ShardFailure) -> ConversationListing {
        var found = ConversationListing(heads: [], next: subject)
        var scanned = 0
        repeat {
            let (after, wanted) = (found.next, limit - found.heads.count)
            let step = try journals.read(reader) { (reader) throws(JournalError) in
                try reader.conversations(
                    matching: request.filter, after: after, limit: wanted, scanning: limits.subjectStep)
            }
            found.heads += step.heads
            found.next = step.next
            scanned += limits.subjectStep
        } while found.next != nil && found.heads.count < limit
            && scanned < limits.subjectScanLimit / journals.readers.count
        return found
    }

    private func byActivity() throws(ShardFailure) -> [UInt8] {
        let known = try found()
        var cursor = try cursor()
        var lists: [RecentConversations] = []
        for reader in journals.readers {
            let shard = reader.shard.index
            // Between two pages, any shard's conversation may become the most recent. It would belong to the first
            // page.
            if journals.count > 1, cursor.places[shard] == nil {
                let newest = try journals.read(reader) { (reader) throws(JournalError) in
                    try reader.newestLinks(before: nil, limit: 1).first
                }
                cursor.places[shard] = newest?.position.next ?? Position.start.next
            }
            lists.append(
                RecentConversations(
                    journals, reader, request, before: cursor.places[shard], known: known?[shard],
                    budget: limits.scanLimit / journals.readers.count))
        }
        return try merge(&lists, cursor)
    }

    /// If only a few of very many conversations match, they may have been active long ago: they are found by their
    /// subjects.
    /// - Returns: the matching conversations by shard; nil if there may be more than can be sorted.
    private func found() throws(ShardFailure) -> [Int: [ConversationHead]]? {
        if request.filter.isEmpty { return nil }
        var found: [Int: [ConversationHead]] = [:]
        var room = limits.sortLimit
        for reader in journals.readers {
            guard room > 0 else { return nil }
            let listing = try scan(reader, after: nil, limit: room)
            if listing.next != nil { return nil }
            found[reader.shard.index] = listing.heads
            room -= listing.heads.count
        }
        return found
    }

    private func cursor() throws(ShardFailure) -> ShardCursor<Position> {
        guard let text = request.cursor else { return ShardCursor(shards: journals.count) }
        guard let cursor = ShardCursor(text, shards: journals.count, { Int64($0).map { Position($0) } }) else {
            throw .query(QueryError(.parameterInvalid, "the cursor is not one of this order"))
        }
        return cursor
    }

    private func merge(
        _ lists: inout [RecentConversations], _ start: ShardCursor<Position>
    ) throws(ShardFailure) -> [UInt8] {
        let heads: [ConversationHead] = try ShardJournals.merge(&lists, limit: request.limit) {
            $0.recordedAt > $1.recordedAt
        } next: { (list) throws(ShardFailure) in
            if let head = try list.next() { return .element(head) }
            return try list.hasMore() ? .unknown : .end
        } take: {
            $0.take()
        }
        var hasMore = false
        var cursor = start
        for index in lists.indices {
            if try lists[index].hasMore() { hasMore = true }
            cursor.places[lists[index].reader.shard.index] = lists[index].place
        }
        return list(heads, next: hasMore ? cursor.text : nil)
    }

    private func list(_ heads: [ConversationHead], next: String?) -> [UInt8] {
        var timestamps = TimestampWriter()
        return journals.encode("conversations", heads, next: next) { head, object in
            object.add("subject", head.subject)
            object.add("partition", head.partition)
            object.add("offset", head.offset)
            object.add("last_activity", timestamps.text(head.recordedAt))
        }
    }
}

extension QueryRequest {
    var filter: SubjectFilter { SubjectFilter(prefix: prefix, contains: contains) }
}

extension ConversationListing {
    /// Merges several lists, each in the order of the subjects' bytes. The result ends where the shortest-read list
    /// ends.
    init(merging pages: [ConversationListing], limit: Int) {
        let end = pages.compactMap(\.next).min { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        var heads = pages.flatMap(\.heads).filter { head in
            end.map { !$0.utf8.lexicographicallyPrecedes(head.subject.utf8) } ?? true
        }
        heads.sort { $0.subject.utf8.lexicographicallyPrecedes($1.subject.utf8) }
        self.init(heads: Array(heads.prefix(limit)), next: heads.count > limit ? heads[limit - 1].subject : end)
    }
}
