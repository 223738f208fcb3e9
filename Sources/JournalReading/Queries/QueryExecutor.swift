import Conversation
import JournalPort
import Signals

/// Answers queries about the conversations of one shard from its journal. Belongs to one thread.
///
/// The answers depend only on the records: an executor that has followed a conversation gives the same bytes as one
/// that reads it for the first time.
public final class QueryExecutor {
    let reader: any JournalReader
    let limits: QueryLimits
    var deadline = QueryDeadline()
    var timestamps = TimestampWriter()
    /// Events in answers have their published form, without topics.
    var envelope: OutboundEnvelope
    let ids: DerivedIDs
    private var cache: ReadingCache

    /// - Parameter cacheBytes: memory for what is cached of conversations between queries.
    public init(reader: any JournalReader, limits: QueryLimits = QueryLimits(), cacheBytes: Int? = nil) {
        self.reader = reader
        self.limits = limits
        ids = DerivedIDs(reader.shard.tag)
        envelope = OutboundEnvelope(root: "conv", ids: ids)
        cache = ReadingCache(limit: cacheBytes ?? limits.cacheBytes)
    }

    /// The answer, possibly that of an error.
    /// - Parameter deadline: microseconds of the monotonic clock; nil for no limit.
    /// - Throws: if the journal cannot be read; the executor should then be created again.
    public func answer(_ request: QueryRequest, deadline: Int64? = nil) throws(JournalError) -> QueryAnswer {
        self.deadline = QueryDeadline(microseconds: deadline)
        do {
            return QueryAnswer(status: 200, body: try body(request))
        } catch {
            switch error {
            case .query(let error): return QueryAnswer(error)
            // The damage is in this conversation, and asking again does not help.
            case .journal(let error) where error.code == .damaged:
                return QueryAnswer(QueryError(.corrupt, "\(error.message); run convey verify"))
            case .journal(let error): throw error
            }
        }
    }

    private func body(_ request: QueryRequest) throws(QueryFailure) -> [UInt8] {
        switch request.view {
        case .conversations, .effects: return try list(request)
        case .timeline, .context, .events, .state, .trace: return try view(request)
        }
    }

    private func list(_ request: QueryRequest) throws(QueryFailure) -> [UInt8] {
        var journals = ShardJournals(count: reader.shard.count, deadline: deadline)
        journals.readers = [reader]
        do throws(ShardFailure) {
            return try journals.list(request, limits)
        } catch {
            switch error {
            case .query(let error): throw .query(error)
            case .journal(let error, _): throw .journal(error)
            }
        }
    }

    /// A view of one conversation.
    private func view(_ request: QueryRequest) throws(QueryFailure) -> [UInt8] {
        try keeping(request.subject) { reading throws(QueryFailure) in
            switch request.view {
            case .timeline: return try self.timeline(request, reading)
            case .context: return try self.context(request, reading)
            case .events: return try self.events(request, reading)
            case .state: return try self.state(request, reading)
            case .trace: return try self.trace(request, reading)
            case .conversations, .effects: preconditionFailure("\(request.view) is about no single conversation")
            }
        }
    }

    /// Reads from a conversation, and caches what is then known of it.
    func keeping<Result>(
        _ subject: String, _ body: (ConversationReading) throws(QueryFailure) -> Result
    ) throws(QueryFailure) -> Result {
        let reading = try reading(subject)
        let before = reading.isKept ? reading.bytes : 0
        defer {
            if !reading.isKept {
                reading.isKept = true
                cache.insert(reading)
            }
            cache.used(reading, before: before)
        }
        return try body(reading)
    }

    /// A conversation with its current newest record.
    private func reading(_ subject: String) throws(QueryFailure) -> ConversationReading {
        let found = try QueryFailure.reading { () throws(JournalError) in try self.reader.head(subject: subject) }
        guard let head = found else {
            throw .query(QueryError(.notFound, "there is no conversation \(subject)"))
        }
        guard let known = cache.find(subject) else { return ConversationReading(head: head) }
        try known.chain.advance(to: head, reader: reader, deadline: deadline)
        known.head = head
        return known
    }

    /// The newest offset that the answer may include.
    func end(_ request: QueryRequest, _ reading: ConversationReading) -> Int64 {
        min(request.asOf ?? .max, reading.head.offset)
    }

    /// Consecutive links, newest first, ending at an offset; fewer than `limit` only at the conversation's beginning.
    func links(
        through offset: Int64, limit: Int, _ reading: ConversationReading
    ) throws(QueryFailure) -> [RecordLink] {
        guard offset > 0 else { return [] }
        try deadline.check()
        let position = try reading.chain.position(of: offset, reader: reader, deadline: deadline)
        return try QueryFailure.reading { () throws(JournalError) in try self.reader.links(from: position, limit: limit)
        }
    }

    /// Consecutive records, in order.
    func records(
        _ offsets: ClosedRange<Int64>, _ reading: ConversationReading
    ) throws(QueryFailure) -> [JournalRecord] {
        let positions = try reading.chain.positions(of: offsets, reader: reader, deadline: deadline)
        return try records(at: positions)
    }

    func records(at positions: [Position]) throws(QueryFailure) -> [JournalRecord] {
        try deadline.check()
        return try QueryFailure.reading { () throws(JournalError) in try self.reader.records(at: positions) }
    }

    /// Begins an answer about one conversation: `{"subject":…,"as_of":…`.
    func begin(_ reading: ConversationReading, asOf offset: Int64) -> JSONObjectBuilder {
        var object = JSONObjectBuilder(reservingCapacity: 4_096)
        object.add("subject", reading.head.subject)
        object.add("as_of", offset)
        return object
    }
}
