import HTTPServing
import Signals

/// `/effects`: the effects under way in all conversations, with buttons to cancel or approve them.
enum EffectsPage {
    static let pageSize = "100"

    static func response(_ query: QueryString, _ page: PageContext) async throws(PageQueries.Failure) -> HTTPResponse {
        let answer = try await page.queries.ask(.effects, "", [("limit", pageSize), ("cursor", query["cursor"])])
        let rows = (answer["effects"]?.array ?? []).map { row($0, page.may(.write)) }
        let more = answer["next"]?["cursor"]?.string.map { cursor -> HTML in
            #"<p><a rel="next" href="\#(PagePath.effects.with(("cursor", cursor)))">More</a></p>"#
        }
        return PageLayout.response(
            "Effects", here: .effects, in: page,
            """
            <h1>Effects under way</h1>
            <p class="quiet">Model answers, tool calls and timers in progress, oldest first.</p>
            <div id="effects" data-refresh>
            \(PageText.unreadableShards(answer))<ul class="rows">\(rows)</ul>
            \(rows.isEmpty ? #"<p class="quiet">None.</p>"# : nil)\(more)
            </div>
            """)
    }

    private static func row(_ effect: JSONValue, _ mayWrite: Bool) -> HTML {
        let subject = effect["subject"]?.string ?? ""
        let id = effect["effect_id"]?.string ?? ""
        let state = effect["state"]?.string ?? ""
        let due = effect["due_at"].map { " · due \(PageText.time($0))" as HTML }
        let decision: HTML? =
            mayWrite && state == "awaiting_consent" ? EffectControls.decision(subject, id, back: .effects) : nil
        return """
            <li><a href="\(PagePath.conversation.of(subject))"><bdi>\(subject)</bdi></a>
            <span class="badge busy">\(words(state))</span>
            <span class="quiet">\(effect["kind"]?.string ?? "") · attempt \(effect["attempt"]?.int ?? 0) · ordered
            \(PageText.time(effect["ordered_at"]))\(due) ·
            <a class="trace" href="\(PagePath.trace.of(subject, ("id", effect["cause"]?.string ?? "")))">why</a> ·
            <code>\(id)</code></span>
            \(decision)\(mayWrite ? EffectControls.cancel(subject, id, back: .effects) : nil)</li>

            """
    }

    private static func words(_ state: String) -> String {
        state == "awaiting_consent" ? "waits for approval" : state
    }
}
