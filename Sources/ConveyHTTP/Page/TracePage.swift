import HTTPServing
import Signals

/// `/c/trace?s=…&id=…`: the causes of a signal, and its consequences.
enum TracePage {
    /// From this many consecutive pieces on, they are folded into one line.
    private static let runLength = 3

    static func response(
        _ subject: String, _ query: QueryString, _ page: PageContext
    ) async throws(PageQueries.Failure) -> HTTPResponse {
        let id = query["id"] ?? ""
        let answer = try await page.queries.ask(.trace, subject, [("id", id), ("as_of", query["as_of"])])
        let signals = answer["signals"]?.array ?? []
        let cut: HTML? =
            answer["complete"]?.bool == false
            ? #"<p class="problem">The conversation is too long to show completely.</p>"# : nil
        let heading = ConversationHeading(
            subject: subject, here: .trace, asOf: nil, offset: answer["as_of"]?.int ?? 0,
            setAside: page.sources.status().setAsideReason(of: subject))
        let here = signals.firstIndex(where: isHere).map { $0 + 1 } ?? signals.endIndex
        return PageLayout.response(
            "Trace of \(id)", in: page,
            """
            \(heading.title)
            <h2>What led to <code>\(id)</code></h2>
            \(cut)
            <ol class="rows trace">\(rows(signals[..<here], subject))</ol>
            <h2>What followed from it</h2>
            <ol class="rows trace">\(rows(signals[here...], subject))</ol>
            \(here == signals.count ? #"<p class="quiet">Nothing.</p>"# : nil)
            """)
    }

    private static func isHere(_ signal: JSONValue) -> Bool { signal["depth"]?.int == 0 }

    /// Pieces of answers and their markers: there may be thousands between a question and its answer.
    private static func isPiece(_ signal: JSONValue) -> Bool {
        let type = signal["type"]?.string ?? ""
        return !isHere(signal)
            && (type.hasSuffix(".progress") || type.hasSuffix(".delta") || type.hasSuffix(".thinking"))
    }

    /// One line per signal, indented below its cause; consecutive pieces are folded into one line.
    private static func rows(_ signals: ArraySlice<JSONValue>, _ subject: String) -> [HTML] {
        var rows: [HTML] = []
        var rest = signals
        var steps: [String: Int] = [:]
        while let first = rest.first {
            // Deeper steps share one indent, because a narrow screen has no room for more.
            let step = min((first["causationid"]?.string.flatMap { steps[$0] } ?? -1) + 1, 6)
            let pieces = rest.prefix(while: isPiece)
            let taken = pieces.count < runLength ? rest.prefix(1) : pieces
            for signal in taken { steps[signal["id"]?.string ?? ""] = step }
            rows.append(taken.count == 1 ? row(first, subject, step: step) : folded(taken, subject, step: step))
            rest = rest.dropFirst(taken.count)
        }
        return rows
    }

    private static func folded(_ signals: ArraySlice<JSONValue>, _ subject: String, step: Int) -> HTML {
        let types = Set(signals.compactMap { $0["type"]?.string }).sorted()
        return """
            <li class="step\(step)"><details><summary>\(signals.count) pieces \
            <span class="quiet">\(types.joined(separator: ", "))</span></summary>
            <ol class="rows">\(signals.map { row($0, subject, step: 0) })</ol></details></li>

            """
    }

    private static func row(_ signal: JSONValue, _ subject: String, step: Int) -> HTML {
        let id = signal["id"]?.string ?? ""
        let here: HTML = isHere(signal) ? #" aria-current="true""# : ""
        let offset = signal["offset"]?.int ?? 0
        let fate: String =
            if let applied = signal["applied"] {
                "applied at \(applied["offset"]?.int ?? 0)"
            } else if let letter = signal["dead_letter"] {
                "dead letter: \(letter["reason"]?.string ?? "")"
            } else {
                "not applied yet"
            }
        return """
            <li class="step\(step)"\(here)><a href="\(PagePath.trace.of(subject, ("id", id)))">\
            \(signal["type"]?.string ?? "")</a> <code>\(id)</code>
            <span class="quiet">\(offset) · \(PageText.time(signal["time"])) · \(fate) ·
            <a href="\(PagePath.conversation.of(subject, ("as_of", String(offset))))">rewind to here</a></span></li>

            """
    }
}
