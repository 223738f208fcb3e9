import Conversation

/// `/c/state?s=…`: the conversation's state, effects under way with a button to cancel each, and what was applied last.
enum StatePage {
    static func response(
        _ subject: String, _ query: QueryString, _ queries: PageQueries
    ) async throws(PageQueries.Failure) -> HTTPResponse {
        let asOf = query["as_of"].flatMap { $0.isEmpty ? nil : $0 }
        let answer = try await queries.ask(.state, subject, [("as_of", asOf)])
        let state = answer["state"] ?? .null
        let effects = (state["in_flight_effects"]?.object ?? []).map { id, progress in
            effect(id, progress.string ?? "", subject, canCancel: asOf == nil)
        }
        let none: HTML? = effects.isEmpty ? #"<p class="quiet">None.</p>"# : nil
        let counts = (state["stream_counts"]?.object ?? []).map { "\($0.value.int ?? 0) \($0.key)" }
        let flags = (state["flags"]?.object ?? []).map(\.key)
        let content: HTML = """
            \(PageText.heading(subject, here: .state, asOf: asOf))
            \(PageText.rewind(subject, here: .state, asOf: asOf, newest: answer["as_of"]?.int ?? 0))
            <h2>Effects under way</h2>
            <ul class="rows">\(effects)</ul>\(none)
            <h2>State</h2>
            <dl>
            <dt>Applied</dt><dd>\(state["applied_count"]?.int ?? 0)</dd>
            <dt>By family</dt><dd>\(counts.joined(separator: ", "))</dd>
            <dt>Flags</dt><dd>\(flags.isEmpty ? "none" : flags.joined(separator: ", "))</dd>
            <dt>Partition</dt><dd>\(answer["partition"]?.int ?? 0)</dd>
            <dt>Digest</dt><dd><code>\(state["digest"]?.string ?? "")</code></dd>
            </dl>
            <h2>Applied last</h2>
            <div class="wide"><table><thead><tr><th>Journal</th><th>Type</th><th>Signal</th><th>Priority</th></tr></thead>
            <tbody>\((state["history"]?.array ?? []).map { applied($0, subject) })</tbody></table></div>
            """
        return PageLayout.response("State of \(subject)", content)
    }

    private static func effect(_ id: String, _ progress: String, _ subject: String, canCancel: Bool) -> HTML {
        let button: HTML? =
            canCancel
            ? """
            <form action="\(PagePath.cancel.rawValue)" method="post">
            <input type="hidden" name="\(PagePath.subject)" value="\(subject)">
            <button name="effect" value="\(id)" class="danger">Cancel</button></form>
            """ : nil
        return "<li><code>\(id)</code> <span class=\"quiet\">\(progress)</span> \(button)</li>\n"
    }

    private static func applied(_ event: JSONValue, _ subject: String) -> HTML {
        let id = event["id"]?.string ?? ""
        return """
            <tr><td>\(event["seq"]?.int ?? 0)</td><td>\(event["type"]?.string ?? "")</td>
            <td><a href="\(PagePath.trace.of(subject, ("id", id)))"><code>\(id)</code></a></td>
            <td>\(event["priority"]?.int ?? 0)</td></tr>

            """
    }
}
