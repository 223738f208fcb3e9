/// A conversation as its participants see it: users' messages, the assistant's answers with their deltas joined, and the status
/// of tools. It advances by one event at a time, and its content depends on the events alone, not on how they arrived.
public struct TimelineProjection: Sendable {
    public struct Options: Sendable {
        public var coalescesDeltas: Bool
        /// Maximum characters (grapheme clusters) of joined deltas.
        public var maxDeltaCharacters: Int
        /// Maximum entries to keep, the newest ones; nil keeps all.
        public var retainedEntries: Int?

        public init(
            coalescesDeltas: Bool = true, maxDeltaCharacters: Int = TokenCoalescer.standardLimit,
            retainedEntries: Int? = nil
        ) {
            self.coalescesDeltas = coalescesDeltas
            self.maxDeltaCharacters = maxDeltaCharacters
            self.retainedEntries = retainedEntries
        }
    }

    /// Entries that follow each other.
    public struct Page: Sendable {
        /// The first one's place in the whole timeline, from 0; what to ask for the page before this one with. The end of
        /// the timeline where there are no entries.
        public let start: Int
        public let entries: ArraySlice<TimelineEntry>
    }

    public let options: Options
    private var entries: RecentElements<TimelineEntry>
    private var coalescer: TokenCoalescer
    private var place = ReadingPlace()

    public init(options: Options = Options()) {
        self.options = options
        entries = RecentElements(limit: options.retainedEntries)
        coalescer = TokenCoalescer(maxCharacters: options.maxDeltaCharacters)
    }

    /// The timeline of events in record order.
    public init(of events: some Sequence<ProjectionEvent>, options: Options = Options()) {
        self.init(options: options)
        for event in events { apply(event) }
    }

    /// Takes the next event. O(1) in the number of events before.
    public mutating func apply(_ event: ProjectionEvent) {
        guard place.advance(to: event), let entry = TimelineEntry(event) else { return }
        if options.coalescesDeltas,
            entries.update(entries.end - 1, { coalescer.join(entry, to: &$0) }) == true
        {
            return
        }
        entries.append(entry)
    }

    /// The offset of the newest event taken, 0 before the first: what comes after it is still to be applied.
    public var appliedOffset: Int64 { place.offset }

    /// Number of entries of the timeline, including those no longer kept.
    public var count: Int { entries.end }

    /// All entries that are kept.
    public var all: ArraySlice<TimelineEntry> { entries[entries.start..<entries.end] }

    /// The last entries before a place, or at the end. O(1): the page shares the timeline's storage.
    ///
    /// - Parameters:
    ///   - limit: how many entries at most.
    ///   - before: the `start` of the page that follows; nil for the newest page.
    public func page(last limit: Int, before: Int? = nil) -> Page {
        let end = min(max(before ?? entries.end, entries.start), entries.end)
        let start = max(end - max(limit, 0), entries.start)
        return Page(start: start, entries: entries[start..<end])
    }
}
