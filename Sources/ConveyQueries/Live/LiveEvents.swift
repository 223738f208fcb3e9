import AnswerMemory
import JournalReading
/// The recorded events of a conversation, in order and without gaps, from an offset on, including future ones. The
/// reader pulls them: an event is read after the previous one was taken, so a slow reader keeps only one small page in
/// memory.
///
/// Belongs to one task. Ends its watch when it is released.
public final class LiveEvents {
    public enum Next: Sendable, Equatable {
        /// One or more, ascending.
        case events([LiveEvent])
        /// Nothing arrived for a while.
        case quiet
    }

    /// Events read at a time, and their approximate size: the memory held for a stalled reader. A larger event forms
    /// its own page.
    static let page = 200
    static let pageBytes = 32 << 10
    /// Delay before retrying when queries are overloaded or the journal cannot be read.
    static let patience = Duration.seconds(1)

    private let watch: LiveWatch
    private let queries: QueryService
    /// The offset of the last event returned; nil until the end of the conversation is known.
    private var offset: Int64?
    /// Whether the last page was full.
    private var hasMore = true
    /// The room of the page returned last, which its reader holds until it asks for the next.
    private var room: AnswerRoom?

    /// - Parameter after: the offset of the last event that the reader has; nil to begin with the next event.
    public init(watch: LiveWatch, queries: QueryService, after: Int64?) {
        self.watch = watch
        self.queries = queries
        offset = after
    }

    deinit { watch.end() }

    /// - Parameter limit: how long to wait for an event.
    /// - Throws: `CancellationError`, also when the watch has ended.
    public func next(within limit: Duration) async throws -> Next {
        room = nil
        let clock = ContinuousClock()
        let end = clock.now + limit
        while true {
            try Task.checkCancellation()
            if !hasMore {
                guard await watch.change(within: end - clock.now) else {
                    try Task.checkCancellation()
                    if watch.isEnded { throw CancellationError() }
                    return .quiet
                }
                hasMore = true
            }
            guard let events = await read() else {
                try await Task.sleep(for: Self.patience)
                if clock.now >= end { return .quiet }
                continue
            }
            if !events.isEmpty { return .events(events) }
        }
    }

    /// The next page, possibly empty; nil if it could not be read.
    private func read() async -> [LiveEvent]? {
        let answer = await queries.follow(
            watch.subject, after: offset, limit: Self.page, bytes: Self.pageBytes, asker: watch.holder)
        switch answer {
        case .success(let page):
            offset = page.through
            room = page.room
            hasMore = page.hasMore
            return page.events
        case .failure(let error) where error.code == .notFound:
            // A conversation that does not exist yet has no events yet.
            offset = offset ?? 0
            hasMore = false
            return []
        case .failure: return nil
        }
    }
}
