import HTTPServing
import Signals

/// `/effects`: the effects in progress in all conversations, with buttons to cancel or approve them.
enum EffectsPage {
    static let pageSize = "100"

    static func response(_ query: QueryString, _ page: PageContext) async throws(PageQueries.Failure) -> HTTPResponse {
        let answer = try await page.queries.ask(.effects, "", [("limit", pageSize), ("cursor", query["cursor"])])
        let rows = (answer["effects"]?.array ?? []).map {
            EffectRow(effect: $0, mayWrite: page.may(.write), back: .effects).html
        }
        let more = answer["next"]?["cursor"]?.string.map { cursor -> HTML in
            #"<p><a rel="next" href="\#(PagePath.effects.with(("cursor", cursor)))">More</a></p>"#
        }
        return PageLayout.response(
            "Effects", here: .effects, in: page,
            """
            <h1>Effects in progress</h1>
            <p class="quiet">Model answers, tool calls and timers, oldest first.</p>
            <div id="effects" data-refresh>
            \(PageText.unreadableShards(answer))<ul class="rows">\(rows)</ul>
            \(rows.isEmpty ? #"<p class="quiet">None.</p>"# : nil)\(more)
            </div>
            """)
    }
}
