import Conversation

/// `/c?s=…`: what the participants saw, live; with a box to talk and a button to abort, unless it shows the past.
enum TimelinePage {
    static let pageSize = "100"

    static func response(
        _ subject: String, _ query: QueryString, _ queries: PageQueries
    ) async throws(PageQueries.Failure) -> HTTPResponse {
        let asOf = query["as_of"].flatMap { $0.isEmpty ? nil : $0 }
        let timeline: JSONValue
        do throws(PageQueries.Failure) {
            timeline = try await queries.ask(
                .timeline, subject, [("limit", pageSize), ("as_of", asOf), ("before", query["before"])])
        } catch {
            // A conversation that does not exist yet can be begun here.
            guard error.response.statusCode == .notFound else { throw error }
            timeline = .object([("as_of", .integer("0")), ("entries", .array([]))])
        }
        let entries = timeline["entries"]?.array ?? []
        let newest = timeline["as_of"]?.int ?? 0
        let isPast = asOf != nil || query["before"] != nil
        let older = timeline["next"]?["before"]?.int.map { before -> HTML in
            let items =
                [(PagePath.subject, subject), ("before", String(before))] + (asOf.map { [("as_of", $0)] } ?? [])
            return #"<p><a rel="prev" href="\#(PagePath.conversation.with(items))">Older</a></p>"#
        }
        let live: HTML =
            isPast ? "" : #" data-live="\#(PagePath.live.of(subject))" data-after="\#(newest)""#
        let content: HTML = """
            \(PageText.heading(subject, here: .conversation, asOf: asOf))
            \(PageText.rewind(subject, here: .conversation, asOf: asOf, newest: newest))
            \(older)
            <section id="timeline" aria-label="Timeline" data-trace="\(PagePath.trace.of(subject))"\(live)>
            \(shown(entries).map { entry($0, subject) })
            </section>
            <p id="connection" class="quiet" role="status"></p>
            \(isPast ? nil : forms(subject))
            """
        return PageLayout.response(subject, content)
    }

    /// Without the pieces of answers that are there as a whole.
    private static func shown(_ entries: [JSONValue]) -> [JSONValue] {
        let whole = Set(
            entries.filter { $0["role"]?.string == "assistant" && $0["kind"]?.string == "message" }
                .compactMap { $0["output_id"]?.string })
        return entries.filter { entry in
            guard entry["kind"]?.string == "delta", let output = entry["output_id"]?.string else { return true }
            return !whole.contains(output)
        }
    }

    private static func entry(_ entry: JSONValue, _ subject: String) -> HTML {
        let role = entry["role"]?.string ?? ""
        let id = entry["event_id"]?.string ?? ""
        let tool = PageText.words(entry["metadata"]?["tool_name"])
        return """
            <article class="entry" data-role="\(role)" data-id="\(id)" data-output="\(PageText.words(entry["output_id"]))">
            <p class="about"><b>\(tool.isEmpty ? role : "\(role) \(tool)")</b>
            \(PageText.time(entry["time"]))
            <a href="\(PagePath.trace.of(subject, ("id", id)))">#\(entry["offset"]?.int ?? 0)</a></p>
            <div class="text" dir="auto" tabindex="0">\(PageText.words(entry["content"]))</div>
            </article>

            """
    }

    private static func forms(_ subject: String) -> HTML {
        """
        <form id="say" action="\(PagePath.say.rawValue)" method="post">
        <input type="hidden" name="\(PagePath.subject)" value="\(subject)">
        <label for="content">Message</label>
        <textarea id="content" name="content" rows="3" dir="auto" required></textarea>
        <button>Send</button>
        </form>
        <form class="line" action="\(PagePath.control.rawValue)" method="post">
        <input type="hidden" name="\(PagePath.subject)" value="\(subject)">
        <button name="action" value="abort_requested" class="danger">Abort</button>
        </form>

        """
    }
}
