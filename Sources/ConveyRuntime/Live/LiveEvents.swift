import Conversation

/// The recorded events of a conversation as they come, in order and without gaps, from an offset on. Pulled: an event is
/// read when the one before it has been taken, so whoever is slow keeps nothing in memory but one page.
///
/// Belongs to one task. Ends its watch when it goes.
public final class LiveEvents {
    /// One event with its place, which is what a reader goes on from.
    public struct Event: Sendable, Equatable {
        public let offset: Int64
        /// The envelope as it is published, JSON.
        public let envelope: [UInt8]
    }

    public enum Next: Sendable, Equatable {
        /// One or more, ascending.
        case events([Event])
        /// Nothing came for a while.
        case quiet
    }

    /// Events read at a time.
    static let page = 200
    /// Between two reads at the end of a conversation that changes all the time: what comes within it comes at once.
    static let pace = Duration.milliseconds(50)
    /// Before asking again where the read side has too much to do, or cannot read.
    static let patience = Duration.seconds(1)

    private let watch: LiveWatch
    private let queries: QueryService
    /// The last event given out; nil until it is known where the conversation ends.
    private var offset: Int64?
    /// Whether the last page was full.
    private var hasMore = true

    /// - Parameter after: the offset of the last event that the reader has; nil to begin with what comes next.
    public init(watch: LiveWatch, queries: QueryService, after: Int64?) {
        self.watch = watch
        self.queries = queries
        offset = after
    }

    deinit { watch.end() }

    /// - Parameter limit: how long to wait for something to come.
    /// - Throws: `CancellationError`.
    public func next(within limit: Duration) async throws -> Next {
        let clock = ContinuousClock()
        let end = clock.now + limit
        while true {
            try Task.checkCancellation()
            if !hasMore {
                guard await watch.change(within: end - clock.now) else {
                    try Task.checkCancellation()
                    return .quiet
                }
                hasMore = true
                try await Task.sleep(for: Self.pace)
            }
            guard let events = try await read() else {
                try await Task.sleep(for: Self.patience)
                if clock.now >= end { return .quiet }
                continue
            }
            if !events.isEmpty { return .events(events) }
        }
    }

    /// The next page, which may be empty; nil when it could not be read.
    private func read() async throws -> [Event]? {
        guard let offset else {
            guard let newest = await newestOffset() else { return nil }
            self.offset = newest
            return []
        }
        var request = QueryRequest(.events, subject: watch.subject)
        request.limit = Self.page
        request.page = .first(after: offset)
        let answer = await queries.answer(request)
        // A conversation that does not exist yet has no events yet.
        if answer.status == 404 {
            hasMore = false
            return []
        }
        guard answer.status == 200, let body = JSONObjectView(answer.body) else { return nil }
        let events = (body["events"]?.elements ?? []).compactMap(Self.event)
        hasMore = body["next"] != nil
        if let after = body["next"]?.object?["after"].flatMap(Self.number) {
            self.offset = after
        } else if let last = events.last {
            self.offset = last.offset
        }
        return events
    }

    private func newestOffset() async -> Int64? {
        var request = QueryRequest(.events, subject: watch.subject)
        request.limit = 1
        let answer = await queries.answer(request)
        if answer.status == 404 { return 0 }
        guard answer.status == 200, let body = JSONObjectView(answer.body) else { return nil }
        return body["as_of"].flatMap(Self.number)
    }

    private static func event(_ envelope: JSONSlice) -> Event? {
        guard let offset = envelope.object?["offset"].flatMap(number) else { return nil }
        return Event(offset: offset, envelope: Array(envelope.raw))
    }

    private static func number(_ slice: JSONSlice) -> Int64? {
        guard slice.kind == .integer else { return nil }
        return Int64(String(decoding: slice.raw, as: UTF8.self))
    }
}
