import Conversation

/// `/c/trace?s=…&id=…`: what led to a signal, and what followed from it.
enum TracePage {
    static func response(
        _ subject: String, _ query: QueryString, _ queries: PageQueries
    ) async throws(PageQueries.Failure) -> HTTPResponse {
        let id = query["id"] ?? ""
        let answer = try await queries.ask(.trace, subject, [("id", id), ("as_of", query["as_of"])])
        let signals = answer["signals"]?.array ?? []
        let lowest = signals.compactMap { $0["depth"]?.int }.min() ?? 0
        let cut: HTML? =
            answer["complete"]?.bool == false
            ? #"<p class="problem">The conversation is too long to show all of it.</p>"# : nil
        return PageLayout.response(
            "Trace of \(id)",
            """
            \(PageText.heading(subject, here: .trace, asOf: nil))
            <h2>What led to <code>\(id)</code>, and what followed</h2>
            \(cut)
            <ol class="trace">\(signals.map { row($0, subject, lowest) })</ol>
            """)
    }

    private static func row(_ signal: JSONValue, _ subject: String, _ lowest: Int) -> HTML {
        let id = signal["id"]?.string ?? ""
        let depth = signal["depth"]?.int ?? 0
        let here: HTML = depth == 0 ? #" aria-current="true""# : ""
        let offset = signal["offset"]?.int ?? 0
        let fate: String =
            if let applied = signal["applied"] {
                "applied as \(applied["apply_order"]?.int ?? 0)"
            } else if let letter = signal["dead_letter"] {
                "dead letter: \(letter["reason"]?.string ?? "")"
            } else {
                "not applied"
            }
        // Deeper steps look alike: a narrow screen has no room for more.
        let step = min(depth - lowest, 12)
        return """
            <li class="step\(step)"\(here)><a href="\(PagePath.trace.of(subject, ("id", id)))">\
            \(signal["type"]?.string ?? "")</a> <code>\(id)</code>
            <span class="quiet">#\(offset) · \(PageText.time(signal["time"])) · \(fate) ·
            <a href="\(PagePath.conversation.of(subject, ("as_of", String(offset))))">rewind to here</a></span></li>

            """
    }
}
