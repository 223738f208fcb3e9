import Signals

/// A conversation as its participants see it: users' messages, the assistant's answers and the status of tools. It
/// advances one event at a time, and its content depends only on the events, not on how they arrived.
///
/// In the shape `answers` the events of one output form one entry at the place of the first of them:
///
/// | event | the answer's entry |
/// |---|---|
/// | `conv.out.assistant.delta` | its text is extended |
/// | `conv.out.assistant.reset` | its text starts over |
/// | `conv.out.assistant.waiting` | `waiting`, with the reason |
/// | `conv.out.assistant.completed`, `failed`, `canceled` | its end, with the whole text and the reason |
///
/// An event continues the answer of its output, unless that answer has ended or its last event was more than
/// `Options.answerGap` records before. So an entry can be built without reading the whole conversation.
public struct TimelineProjection: Sendable {
    public struct Options: Sendable {
        /// Far more records than lie between two events of an answer, and few enough to search for one page.
        public static let standardAnswerGap: Int64 = 1_000

        public var shape: TimelineShape
        /// Maximum distance in records between two events of one answer, in the shape `answers`.
        public var answerGap: Int64
        /// Only in the shape `reference`.
        public var coalescesDeltas: Bool
        /// Maximum characters (grapheme clusters) of joined deltas.
        public var maxDeltaCharacters: Int
        /// Maximum entries to keep, the newest ones; nil keeps all.
        public var retainedEntries: Int?

        public init(
            shape: TimelineShape = .answers, answerGap: Int64 = Options.standardAnswerGap, coalescesDeltas: Bool = true,
            maxDeltaCharacters: Int = TokenCoalescer.standardLimit,
            retainedEntries: Int? = nil
        ) {
            self.shape = shape
            self.answerGap = answerGap
            self.coalescesDeltas = coalescesDeltas
            self.maxDeltaCharacters = maxDeltaCharacters
            self.retainedEntries = retainedEntries
        }
    }

    /// Consecutive entries.
    public struct Page: Sendable {
        /// The place of the first entry in the whole timeline, from 0; pass it to request the previous page. The end of
        /// the timeline if there are no entries.
        public let start: Int
        public let entries: ArraySlice<TimelineEntry>
    }

    public let options: Options
    private var entries: RecentElements<TimelineEntry>
    private var coalescer: TokenCoalescer
    private var ledger: AnswerLedger
    private var place = ReadingPlace()

    public init(options: Options = Options()) {
        self.options = options
        entries = RecentElements(limit: options.retainedEntries)
        ledger = AnswerLedger(gap: options.answerGap)
        coalescer = TokenCoalescer(maxCharacters: options.maxDeltaCharacters)
    }

    /// The timeline of events in record order.
    public init(of events: some Sequence<ProjectionEvent>, options: Options = Options()) {
        self.init(options: options)
        for event in events { apply(event) }
    }

    /// Takes the next event. O(1) in the number of events before.
    public mutating func apply(_ event: ProjectionEvent) {
        guard place.advance(to: event) else { return }
        switch options.shape {
        case .answers: applyToAnswers(event)
        case .reference: applyPiece(event)
        }
    }

    /// Whether a timeline of the shape depends on events of a type.
    package static func shows(_ type: String, _ shape: TimelineShape) -> Bool {
        switch type {
        case SignalType.messageReceived, SignalType.assistantDelta, SignalType.assistantCompleted,
            SignalType.toolStatus:
            true
        case SignalType.assistantReset, SignalType.assistantWaiting, SignalType.assistantFailed,
            SignalType.assistantCanceled, SignalType.toolApprovalRequested:
            shape == .answers
        default: false
        }
    }

    private mutating func applyPiece(_ event: ProjectionEvent) {
        guard let entry = TimelineEntry(event) else { return }
        if options.coalescesDeltas,
            entries.update(entries.end - 1, { coalescer.join(entry, to: &$0) }) == true
        {
            return
        }
        entries.append(entry)
    }

    private mutating func applyToAnswers(_ event: ProjectionEvent) {
        if let change = AnswerChange(event) { return apply(change, at: event.offset ?? 0) }
        if event.type == SignalType.toolApprovalRequested {
            if let effect = event.members["effect_id"]?.orNone?.text {
                ledger.request(ExactText(effect), at: entries.end)
            }
            return append(TimelineEntry(request: event))
        }
        guard var entry = TimelineEntry(event) else { return }
        if entry.role == .tool {
            let data = event.members
            entry.name = TimelineEntry.toolName(data)
            let request = data["effect_id"]?.orNone.flatMap { ledger.decide(ExactText($0.text)) }
            if let request { _ = entries.update(request) { $0.state = .decided } }
        }
        append(entry)
    }

    private mutating func append(_ entry: TimelineEntry) {
        entries.append(entry)
        newestBegan = .here
    }

    private mutating func apply(_ change: AnswerChange, at offset: Int64) {
        // Without an output each event is a separate answer.
        let output: ExactText? = if case .none = change.output { nil } else { ExactText(change.output.text) }
        if let output {
            // Whichever arrives first, this event begins an answer.
            if change.isFirstPiece { ledger.end(output) }
            if let place = ledger.place(of: output, at: offset) {
                _ = entries.update(place) { change.apply(to: &$0) }
                if case .end = change.kind { ledger.end(output) }
                return
            }
        }
        guard let entry = change.entry() else { return }
        newestBegan = .here
        if let output {
            let follows = ledger.begin(output, at: entries.end, offset: offset)
            if !follows, !change.isFirstPiece { newestBegan = .perhapsEarlier }
            if case .end = change.kind { ledger.end(output) }
        }
        entries.append(entry)
    }

    /// Where the newest entry begins.
    package enum Beginning: Sendable {
        case here
        /// With the first event of its answer that was applied, although an earlier event may belong to it.
        case perhapsEarlier
    }

    /// For the newest entry; for a reader that applies only the end of a conversation.
    package private(set) var newestBegan = Beginning.here

    /// Whether events from an offset on cannot change the first entries.
    package func isSettled(entries count: Int, from offset: Int64) -> Bool {
        ledger.isSettled(before: count, from: offset)
    }

    /// The offset of the newest event applied, 0 before the first: later events are still to be applied.
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
