import Conversation

/// `/`: which conversations there are, those last active first, with search and a box to begin a new one.
enum ConversationsPage {
    static let pageSize = "50"

    static func response(_ query: QueryString, _ queries: PageQueries) async throws(PageQueries.Failure) -> HTTPResponse
    {
        let prefix = query["prefix"] ?? ""
        // Among many, a search by activity would look at the whole journal; one by name is a look into an index.
        let order: QueryRequest.Order = prefix.isEmpty ? .recent : .subject
        let answer = try await queries.ask(
            .conversations, "",
            [("prefix", prefix), ("order", order.rawValue), ("limit", pageSize), ("cursor", query["cursor"])])
        let rows = (answer["conversations"]?.array ?? []).map(row)
        let next = answer["next"]?["cursor"]?.string.map { cursor in
            PagePath.conversations.with(("prefix", prefix), ("cursor", cursor))
        }
        return PageLayout.response("Conversations", here: .conversations, content(prefix, rows, next))
    }

    private static func content(_ prefix: String, _ rows: [HTML], _ next: String?) -> HTML {
        let more: HTML? = next.map { #"<p><a rel="next" href="\#($0)">More</a></p>"# }
        let none: HTML? = rows.isEmpty ? #"<p class="quiet">There is none.</p>"# : nil
        return """
            <h1>Conversations</h1>
            <form class="line" role="search" action="/" method="get">
            <label for="prefix">Begins with</label>
            <input id="prefix" name="prefix" value="\(prefix)" dir="auto" autocomplete="off" maxlength="256">
            <button>Search</button>
            </form>
            <form class="line" action="\(PagePath.conversation.rawValue)" method="get">
            <label for="open">Open or begin</label>
            <input id="open" name="\(PagePath.subject)" dir="auto" autocomplete="off" maxlength="256" required>
            <button>Open</button>
            </form>
            <ul class="rows">\(rows)</ul>
            \(none)\(more)
            """
    }

    private static func row(_ conversation: JSONValue) -> HTML {
        let subject = conversation["subject"]?.string ?? ""
        return """
            <li><a href="\(PagePath.conversation.of(subject))"><bdi>\(subject)</bdi></a>
            <span class="quiet">\(conversation["offset"]?.int ?? 0) records · \
            partition \(conversation["partition"]?.int ?? 0) · \(PageText.time(conversation["last_activity"]))</span></li>

            """
    }
}
