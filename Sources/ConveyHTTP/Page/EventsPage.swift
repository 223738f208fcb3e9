import Conversation

/// `/c/events?s=…`: the recorded signals as they are published.
enum EventsPage {
    static let pageSize = "50"

    static func response(
        _ subject: String, _ query: QueryString, _ queries: PageQueries
    ) async throws(PageQueries.Failure) -> HTTPResponse {
        let asOf = query["as_of"].flatMap { $0.isEmpty ? nil : $0 }
        let answer = try await queries.ask(
            .events, subject, [("limit", pageSize), ("as_of", asOf), ("before", query["before"])])
        let older = answer["next"]?["before"]?.int.map { before -> HTML in
            let items =
                [(PagePath.subject, subject), ("before", String(before))] + (asOf.map { [("as_of", $0)] } ?? [])
            return #"<p><a rel="prev" href="\#(PagePath.events.with(items))">Older</a></p>"#
        }
        return PageLayout.response(
            "Events of \(subject)",
            """
            \(PageText.heading(subject, here: .events, asOf: asOf))
            \(PageText.rewind(subject, here: .events, asOf: asOf, newest: answer["as_of"]?.int ?? 0))
            \(older)
            <ol class="events">\((answer["events"]?.array ?? []).map { row($0, subject) })</ol>
            """)
    }

    private static func row(_ event: JSONValue, _ subject: String) -> HTML {
        let id = event["id"]?.string ?? ""
        return """
            <li><details><summary>#\(event["offset"]?.int ?? 0) \(event["type"]?.string ?? "")
            <span class="quiet">\(PageText.time(event["time"]))</span></summary>
            <p><a href="\(PagePath.trace.of(subject, ("id", id)))"><code>\(id)</code></a></p>
            <pre dir="ltr" tabindex="0">\(PageText.words(event))</pre></details></li>

            """
    }
}
