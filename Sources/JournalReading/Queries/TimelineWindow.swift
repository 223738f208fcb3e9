import Conversation
import JournalPort
import Signals

/// The end of a conversation's timeline: exactly the entries that the whole timeline would end with.
///
/// Entries depend on what came before only where deltas are joined, and whatever is shown and is no delta ends a run of
/// them. So a window that begins with such an entry, or with the conversation, needs nothing before it.
struct TimelineWindow {
    /// Where an entry begins.
    struct Start {
        var offset: Int64
        /// Microseconds since 1970.
        var recordedAt: Int64
    }

    private var projection = TimelineProjection()
    private(set) var starts: [Start] = []
    /// The conversation is contained up to here.
    var through: Int64
    /// Whether the window begins with the conversation.
    let isWhole: Bool
    private(set) var bytes = 0

    init(isWhole: Bool, through: Int64) {
        self.isWhole = isWhole
        self.through = through
    }

    var count: Int { projection.count }

    /// Takes the next signal that is shown.
    mutating func apply(_ record: JournalRecord) {
        guard case .signal(let signal) = record.content else { return }
        let count = projection.count
        projection.apply(ProjectionEvent(signal, offset: record.offset))
        if projection.count > count { starts.append(Start(offset: record.offset, recordedAt: record.recordedAt)) }
        bytes += signal.data.count + signal.id.utf8.count + 96
    }

    /// How many entries begin before an offset; nil where one that begins before it goes on behind it, or may.
    func count(before offset: Int64) -> Int? {
        if offset > through { return count }
        var low = 0
        var high = starts.count
        while low < high {
            let middle = (low + high) / 2
            if starts[middle].offset < offset { low = middle + 1 } else { high = middle }
        }
        return low < starts.count && starts[low].offset == offset ? low : nil
    }

    /// The last entries before a place.
    func page(last limit: Int, before end: Int) -> [(entry: TimelineEntry, start: Start)] {
        let page = projection.page(last: limit, before: end)
        return zip(page.entries, starts[page.start...]).map { ($0, $1) }
    }

    static func shows(_ type: String) -> Bool {
        switch type {
        case SignalType.messageReceived, SignalType.assistantDelta, SignalType.assistantCompleted,
            SignalType.toolStatus:
            true
        default: false
        }
    }
}

extension QueryExecutor {
    /// `{"subject","as_of","entries":[…],"next":{"before":…}}`: the oldest entry first; `next` where there are older ones.
    func timeline(_ request: QueryRequest, _ reading: ConversationReading) throws(QueryFailure) -> [UInt8] {
        var end = end(request, reading)
        if case .last(let before?) = request.page { end = min(end, before - 1) }
        end = max(end, 0)
        let (window, place) = try window(through: end, entries: request.limit + 1, reading)
        // The newest first, as long as there is room.
        var page = EventPage(limit: request.limit, bytes: limits.answerBytes)
        var first: Int64?
        for (entry, start) in window.page(last: request.limit, before: place).reversed() {
            var object = JSONObjectBuilder()
            object.add("offset", start.offset)
            object.add("time", timestamps.text(start.recordedAt))
            object.addMembers(of: entry.encode())
            guard page.add(object.finish()) else { break }
            first = start.offset
        }
        page.events.reverse()
        var answer = begin(reading, asOf: self.end(request, reading))
        answer.add("entries", json: page.encode())
        if let first, place > page.events.count { answer.add("next") { $0.add("before", first) } }
        return answer.finish()
    }

    /// A window with enough entries before an offset's end, and how many of its entries those are.
    private func window(
        through end: Int64, entries: Int, _ reading: ConversationReading
    ) throws(QueryFailure) -> (TimelineWindow, Int) {
        if var kept = reading.timeline.take() {
            defer { reading.timeline = kept.count > limits.retainedEntries ? nil : kept }
            if end == reading.head.offset { try advance(&kept, reading) }
            if end <= kept.through, let place = kept.count(before: end + 1), place >= entries || kept.isWhole {
                return (kept, place)
            }
        }
        let window = try makeWindow(through: end, entries: entries, reading)
        if end == reading.head.offset { reading.timeline = window }
        return (window, window.count)
    }

    private func advance(_ window: inout TimelineWindow, _ reading: ConversationReading) throws(QueryFailure) {
        while window.through < reading.head.offset {
            let end = min(window.through + Int64(ConversationChain.step), reading.head.offset)
            let shown = try links(through: end, limit: Int(end - window.through), reading).reversed().filter {
                TimelineWindow.shows($0.type)
            }
            for record in try records(at: shown.map(\.position)) { window.apply(record) }
            window.through = end
        }
    }

    /// Walks backwards until there are enough entries and the first one needs nothing before it.
    private func makeWindow(
        through end: Int64, entries: Int, _ reading: ConversationReading
    ) throws(QueryFailure) -> TimelineWindow {
        var shown: [Position] = []
        var count = 0
        var isBehindDelta = false
        var next = end
        walk: while next > 0 {
            // A short page first: most of a long one would not be needed.
            let step = min(ConversationChain.step, max(64, entries * 4))
            for link in try links(through: next, limit: step, reading) {
                next = link.offset - 1
                guard TimelineWindow.shows(link.type) else { continue }
                let isDelta = link.type == SignalType.assistantDelta
                if !isDelta || !isBehindDelta { count += 1 }
                isBehindDelta = isDelta
                shown.append(link.position)
                if count >= entries, !isDelta { break walk }
            }
        }
        var window = TimelineWindow(isWhole: next == 0, through: end)
        shown.reverse()
        for start in stride(from: 0, to: shown.count, by: ConversationChain.step) {
            let page = Array(shown[start..<min(start + ConversationChain.step, shown.count)])
            for record in try records(at: page) { window.apply(record) }
        }
        return window
    }
}
