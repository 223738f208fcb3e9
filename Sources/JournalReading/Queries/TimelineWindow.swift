import Conversation
import JournalPort
import Signals

/// The end of a conversation's timeline: from place `reliable` on, exactly the last entries of the whole timeline.
///
/// In the shape `reference`, entries depend on earlier ones only if deltas are joined, and everything shown that is not
/// a delta ends a sequence of joined deltas. In the shape `answers` an entry may have begun at most `answerGap` records
/// before its first known event.
struct TimelineWindow {
    /// The beginning of an entry.
    struct Start {
        var offset: Int64
        /// Microseconds since 1970.
        var recordedAt: Int64
    }

    private var projection: TimelineProjection
    private(set) var starts: [Start] = []
    /// The window contains the conversation from here.
    let first: Int64
    /// The window contains the conversation up to here.
    var through: Int64
    /// Entries before this place may have begun before the window.
    private(set) var reliable = 0
    private(set) var bytes = 0

    init(_ options: TimelineProjection.Options, first: Int64, through: Int64) {
        projection = TimelineProjection(options: options)
        self.first = first
        self.through = through
    }

    var shape: TimelineShape { projection.options.shape }
    var count: Int { projection.count }
    /// Whether the window begins with the conversation.
    var isWhole: Bool { first <= 1 }

    /// Applies the next signal that is shown.
    mutating func apply(_ record: JournalRecord) {
        guard case .signal(let signal) = record.content else { return }
        let count = projection.count
        projection.apply(ProjectionEvent(signal, offset: record.offset))
        bytes += signal.data.count + signal.id.utf8.count + 96
        guard projection.count > count else { return }
        starts.append(Start(offset: record.offset, recordedAt: record.recordedAt))
        let isSure: Bool =
            switch projection.newestBegan {
            case .here: true
            case .perhapsEarlier: first <= max(1, record.offset - projection.options.answerGap)
            }
        if !isSure { reliable = count + 1 }
    }

    /// The number of entries that begin before an offset. In the shape `reference`, where an entry ends with its page,
    /// nil if an entry that begins before the offset continues after it, or may continue.
    func count(before offset: Int64) -> Int? {
        if offset > through { return count }
        var low = 0
        var high = starts.count
        while low < high {
            let middle = (low + high) / 2
            if starts[middle].offset < offset { low = middle + 1 } else { high = middle }
        }
        switch shape {
        case .answers: return low
        case .reference: return low < starts.count && starts[low].offset == offset ? low : nil
        }
    }

    /// The last entries before a place.
    func page(last limit: Int, before end: Int) -> [(entry: TimelineEntry, start: Start)] {
        let page = projection.page(last: min(limit, max(0, end - reliable)), before: end)
        return zip(page.entries, starts[page.start...]).map { ($0, $1) }
    }

    /// Whether events from an offset on cannot change the first entries.
    func isSettled(entries count: Int, from offset: Int64) -> Bool {
        projection.isSettled(entries: count, from: offset)
    }
}
