import HTTPServing
import Signals

/// `/c/state?s=…`: the conversation's state, its effects in progress with their buttons, and the latest applied
/// signals.
enum StatePage {
    /// Number of applied signals shown; the events page shows all of them.
    private static let historyLength = 20

    static func response(
        _ subject: String, _ query: QueryString, _ page: PageContext
    ) async throws(PageQueries.Failure) -> HTTPResponse {
        let asOf = PageText.offset(query["as_of"])
        let answer = try await page.queries.ask(.state, subject, [("as_of", query["as_of"])])
        let state = answer["state"] ?? .null
        let effects = asOf == nil ? try await underWay(subject, page) : inFlight(state)
        let none: HTML? = effects.isEmpty ? #"<p class="quiet">None.</p>"# : nil
        let counts = (state["stream_counts"]?.object ?? []).map { "\($0.value.int ?? 0) conv.\($0.key)" }
        let flags = (state["flags"]?.object ?? []).map(\.key)
        let heading = ConversationHeading(
            subject: subject, here: .state, asOf: asOf, offset: answer["as_of"]?.int ?? 0,
            setAside: page.sources.status().setAsideReason(of: subject))
        return PageLayout.response(
            "State of \(subject)", in: page,
            """
            \(heading.html)
            <div id="state"\(asOf == nil ? " data-refresh" : nil)>
            <h2>Effects in progress</h2>
            <ul class="rows">\(effects)</ul>\(none)
            <h2>State</h2>
            <dl>
            <dt>Applied</dt><dd>\(state["applied_count"]?.int ?? 0) (\(counts.joined(separator: ", ")))</dd>
            <dt>Flags</dt><dd>\(flags.isEmpty ? "none" : flags.joined(separator: ", "))</dd>
            <dt>Partition</dt><dd>\(answer["partition"]?.int ?? 0)</dd>
            <dt>Digest</dt><dd><code>\(state["digest"]?.string ?? "")</code></dd>
            </dl>
            <h2>Applied last</h2>
            <ol class="rows">\((state["history"]?.array ?? []).prefix(historyLength).map { applied($0, subject) })</ol>
            </div>
            """)
    }

    /// The effects in progress according to the journal, including those that wait for their turn or for a person.
    private static func underWay(_ subject: String, _ page: PageContext) async throws(PageQueries.Failure) -> [HTML] {
        let answer = try await page.queries.ask(
            .effects, "", [("subject", subject), ("limit", EffectsPage.pageSize)])
        return (answer["effects"]?.array ?? []).map {
            EffectRow(effect: $0, mayWrite: page.may(.write), back: .state).html
        }
    }

    /// The effects of an earlier state: those that had started.
    private static func inFlight(_ state: JSONValue) -> [HTML] {
        (state["in_flight_effects"]?.object ?? []).map { id, progress in
            #"<li><code>\#(id)</code> <span class="badge busy">\#(progress.string ?? "")</span></li>"#
        }
    }

    private static func applied(_ event: JSONValue, _ subject: String) -> HTML {
        let id = event["id"]?.string ?? ""
        return """
            <li>\(event["type"]?.string ?? "")
            <span class="quiet">journal \(event["seq"]?.int ?? 0) · priority \(event["priority"]?.int ?? 0) ·
            <a class="trace" href="\(PagePath.trace.of(subject, ("id", id)))"><code>\(id)</code></a></span></li>

            """
    }
}
