import HTTPServing
import Signals

/// `/c/events?s=…`: the recorded signals in their published form.
enum EventsPage {
    static let pageSize = "25"

    static func response(
        _ subject: String, _ query: QueryString, _ page: PageContext
    ) async throws(PageQueries.Failure) -> HTTPResponse {
        let asOf = PageText.offset(query["as_of"])
        let families = Self.families(query["family"])
        let answer = try await page.queries.ask(
            .events, subject,
            [("limit", pageSize), ("as_of", query["as_of"]), ("before", query["before"]), ("family", families)])
        let kept = PagePath.time(asOf) + [("family", families)]
        let older = answer["next"]?["before"]?.int.map { before -> HTML in
            let path = PagePath.events.of(subject, kept + [("before", String(before))])
            return #"<p><a rel="prev" href="\#(path)">Older</a></p>"#
        }
        let heading = ConversationHeading(
            subject: subject, here: .events, asOf: asOf, offset: answer["as_of"]?.int ?? 0,
            setAside: page.sources.status().setAsideReason(of: subject))
        return PageLayout.response(
            "Events of \(subject)", in: page,
            """
            \(heading.html)
            <nav class="tabs" aria-label="Families">\(choices(subject, families, asOf))</nav>
            \(older)
            <ol class="rows">\((answer["events"]?.array ?? []).map { row($0, subject) })</ol>
            """)
    }

    /// Without markers, one of which follows each signal.
    private static let standard = Family.allCases.filter { $0 != .applied }.map(\.name).joined(separator: ",")
    private static let all = Family.allCases.map(\.name).joined(separator: ",")

    /// The selected families, as in the query.
    private static func families(_ wanted: String?) -> String {
        let known = Family.allCases.map(\.name) + [all]
        return known.first { $0 == wanted } ?? standard
    }

    private static func choices(_ subject: String, _ chosen: String, _ asOf: Int64?) -> [HTML] {
        let choices = [("signals", standard)] + Family.allCases.map { ("conv.\($0.name)", $0.name) } + [("all", all)]
        return choices.map { name, families in
            let current: HTML = families == chosen ? #" aria-current="true""# : ""
            let path = PagePath.events.of(subject, PagePath.time(asOf) + [("family", families)])
            return #"<a href="\#(path)"\#(current)>\#(name)</a> "#
        }
    }

    private static func row(_ event: JSONValue, _ subject: String) -> HTML {
        let id = event["id"]?.string ?? ""
        let offset = event["offset"]?.int ?? 0
        return """
            <li><details><summary>\(event["type"]?.string ?? "")
            <span class="quiet">\(offset) · \(PageText.time(event["time"]))</span></summary>
            <p class="actions"><a class="trace" href="\(PagePath.trace.of(subject, ("id", id)))">Why</a>
            <a href="\(PagePath.conversation.of(subject, ("as_of", String(offset))))">Rewind to here</a></p>
            <pre dir="ltr" tabindex="0">\(PageText.indented(event))</pre></details></li>

            """
    }
}
