import Conversation
import JournalPort
import Signals

extension QueryExecutor {
    /// `{"subject","as_of","entries":[…],"next":{"before":…}}`: oldest entry first; `next` if there are older ones.
    func timeline(_ request: QueryRequest, _ reading: ConversationReading) throws(QueryFailure) -> [UInt8] {
        let asOf = self.end(request, reading)
        var end = asOf
        if case .last(let before?) = request.page { end = min(end, before - 1) }
        end = max(end, 0)
        let (window, place) = try window(through: end, asOf: asOf, request, reading)
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
        var answer = begin(reading, asOf: asOf)
        answer.add("entries", json: page.encode())
        if let first, place - window.reliable > page.events.count { answer.add("next") { $0.add("before", first) } }
        return answer.finish()
    }

    /// A window with enough entries before the end offset, as of a later offset, and the number of those entries.
    private func window(
        through end: Int64, asOf: Int64, _ request: QueryRequest, _ reading: ConversationReading
    ) throws(QueryFailure) -> (TimelineWindow, Int) {
        // One more than is shown reveals whether there are more.
        let entries = request.limit + 1
        if var kept = reading.timeline.take() {
            defer { reading.timeline = kept.count > limits.retainedEntries ? nil : kept }
            if kept.shape == request.shape, asOf == reading.head.offset {
                try advance(&kept, to: asOf, reading)
                if let place = kept.count(before: end + 1), place - kept.reliable >= entries || kept.isWhole {
                    return (kept, place)
                }
            }
        }
        let window: TimelineWindow
        switch request.shape {
        case .reference: window = try piecesWindow(through: end, entries: entries, reading)
        case .answers: window = try answersWindow(through: end, asOf: asOf, entries: entries, reading)
        }
        // A window that ends with the conversation can be extended with it.
        if window.through == reading.head.offset { reading.timeline = window }
        guard let place = window.count(before: end + 1) else {
            preconditionFailure("a window through offset \(window.through) has a page that ends at \(end)")
        }
        return (window, place)
    }

    private func advance(
        _ window: inout TimelineWindow, to end: Int64, _ reading: ConversationReading
    ) throws(QueryFailure) {
        while window.through < end {
            let next = min(window.through + Int64(ConversationChain.step), end)
            let shape = window.shape
            let shown = try links(through: next, limit: Int(next - window.through), reading).reversed().filter {
                TimelineProjection.shows($0.type, shape)
            }
            for record in try records(at: shown.map(\.position)) { window.apply(record) }
            window.through = next
        }
    }

    // MARK: The shape `reference`

    /// Walks backwards until there are enough entries and the first one needs no earlier record.
    private func piecesWindow(
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
                guard TimelineProjection.shows(link.type, .reference) else { continue }
                let isDelta = link.type == SignalType.assistantDelta
                if !isDelta || !isBehindDelta { count += 1 }
                isBehindDelta = isDelta
                shown.append(link.position)
                if count >= entries, !isDelta { break walk }
            }
        }
        var window = TimelineWindow(timelineOptions(.reference), first: next + 1, through: end)
        try apply(shown.reversed(), to: &window)
        return window
    }

    // MARK: The shape `answers`

    /// Walks backwards until the beginnings of enough entries are known, then forwards until these have ended.
    private func answersWindow(
        through end: Int64, asOf: Int64, entries: Int, _ reading: ConversationReading
    ) throws(QueryFailure) -> TimelineWindow {
        var shown: [Position] = []
        var step = max(64, entries * 4)
        var next = end
        while true {
            let from = max(0, next - Int64(step))
            while next > from {
                let found = try links(
                    through: next, limit: min(ConversationChain.step, Int(next - from)), reading)
                guard let last = found.last else {
                    next = 0
                    break
                }
                shown += found.filter { TimelineProjection.shows($0.type, .answers) }.map(\.position)
                next = last.offset - 1
            }
            // Twice as far each time: the repeated work costs no more than the last step.
            step *= 2
            guard next == 0 || shown.count >= entries else { continue }
            var window = TimelineWindow(timelineOptions(.answers), first: next + 1, through: end)
            try apply(shown.reversed(), to: &window)
            guard window.isWhole || window.count - window.reliable >= entries else { continue }
            try settle(&window, asOf: asOf, reading)
            return window
        }
    }

    /// Continues reading, up to an offset, until no later event can change the window's entries.
    private func settle(
        _ window: inout TimelineWindow, asOf: Int64, _ reading: ConversationReading
    ) throws(QueryFailure) {
        let count = window.count
        var step: Int64 = 64
        while window.through < asOf, !window.isSettled(entries: count, from: window.through + 1) {
            try advance(&window, to: min(window.through + step, asOf), reading)
            step *= 2
        }
    }

    private func timelineOptions(_ shape: TimelineShape) -> TimelineProjection.Options {
        TimelineProjection.Options(shape: shape, answerGap: limits.answerGap)
    }

    private func apply(_ shown: [Position], to window: inout TimelineWindow) throws(QueryFailure) {
        for start in stride(from: 0, to: shown.count, by: ConversationChain.step) {
            let page = Array(shown[start..<min(start + ConversationChain.step, shown.count)])
            for record in try records(at: page) { window.apply(record) }
        }
    }
}
