import Conversation

/// `/effects`: what is under way in all conversations, with buttons to cancel it or to consent to it.
enum EffectsPage {
    static let pageSize = "100"

    static func response(_ query: QueryString, _ page: PageContext) async throws(PageQueries.Failure) -> HTTPResponse {
        let effects: [JSONValue] = []
        let mayWrite = page.may(.write)
        let next: String? = nil
        let more: HTML? = next.map { #"<p><a rel="next" href="\#($0)">More</a></p>"# }
        return PageLayout.response(
            "Effects", here: .effects, in: page,
            """
            <h1>Effects under way</h1>
            <p class="quiet">Calls of models and tools, and timers, that have not ended.</p>
            <div id="effects" data-refresh>
            <ul class="rows">\(effects.map { row($0, mayWrite) })</ul>
            \(effects.isEmpty ? #"<p class="quiet">None.</p>"# : nil)\(more)
            </div>
            """)
    }

    private static func row(_ effect: JSONValue, _ mayWrite: Bool) -> HTML {
        let subject = effect["subject"]?.string ?? ""
        let id = effect["effect_id"]?.string ?? ""
        return """
            <li><a href="\(PagePath.conversation.of(subject))"><bdi>\(subject)</bdi></a> <code>\(id)</code>
            \(mayWrite ? EffectControls.cancel(subject, id, back: .effects) : nil)</li>

            """
    }
}
