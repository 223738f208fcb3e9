import Conversation
import HTTPServing
import Observability
import Signals

/// `/`: all conversations, most recently active first, with search and a box to start a new one.
enum ConversationsPage {
    static let pageSize = "50"
    /// How many effects are read to show which conversations are busy.
    private static let effectsLimit = "500"

    static func response(_ query: QueryString, _ page: PageContext) async throws(PageQueries.Failure) -> HTTPResponse {
        let wanted = query["q"] ?? ""
        var order = QueryRequest.Order(rawValue: query["order"] ?? "") ?? .recent
        var answer = try await list(order, wanted, query["cursor"], page)
        if order == .recent, !wanted.isEmpty, answer["next"] != nil {
            // Among very many, the latest active ones are not found at once; by name they are.
            order = .subject
            answer = try await list(order, wanted, nil, page)
        }
        let effects = try await page.queries.ask(.effects, "", [("limit", effectsLimit)])
        let underWay = (effects["effects"]?.array ?? []).map {
            EffectRow(effect: $0, mayWrite: false, back: .conversations)
        }
        let busy = Dictionary(underWay.map { ($0.subject, 1) }, uniquingKeysWith: +)
        let asking = Set(underWay.filter(\.asksForApproval).map(\.subject))
        let rows = (answer["conversations"]?.array ?? []).map { row($0, busy, asking, page.sources.status()) }
        let next = answer["next"]?["cursor"]?.string.map { cursor in
            PagePath.conversations.with(("q", wanted), ("order", order.rawValue), ("cursor", cursor))
        }
        return PageLayout.response(
            "Conversations", here: .conversations, in: page,
            content(wanted, rows, next, PageText.unreadableShards(answer), page.may(.write)))
    }

    private static func list(
        _ order: QueryRequest.Order, _ wanted: String, _ cursor: String?, _ page: PageContext
    ) async throws(PageQueries.Failure) -> JSONValue {
        try await page.queries.ask(
            .conversations, "",
            [("contains", wanted), ("order", order.rawValue), ("limit", pageSize), ("cursor", cursor)])
    }

    private static func content(_ wanted: String, _ rows: [HTML], _ next: String?, _ missing: HTML?, _ mayWrite: Bool)
        -> HTML
    {
        let more: HTML? = next.map { #"<p><a rel="next" href="\#($0)">More</a></p>"# }
        let all: HTML? = wanted.isEmpty ? nil : #" <a href="/">All conversations</a>"#
        let none: HTML? = rows.isEmpty ? #"<p class="quiet">\#(words(wanted, hasMore: next != nil))\#(all)</p>"# : nil
        let begin: HTML? =
            mayWrite
            ? """
            <form class="line" action="\(PagePath.conversation.rawValue)" method="get">
            <label for="open">Begin</label>
            <input id="open" name="\(PagePath.subject)" dir="auto" autocomplete="off" maxlength="256" required
            placeholder="chat-42">
            <button>Open</button>
            </form>
            """ : nil
        return """
            <h1>Conversations</h1>
            <div class="bar">
            <form class="line" role="search" action="/" method="get">
            <label for="q">Find</label>
            <input id="q" type="search" name="q" value="\(exact: wanted)" placeholder="part of a name" dir="auto" autocomplete="off" maxlength="256">
            <button>Search</button>
            </form>
            \(begin)
            </div>
            <div id="list" data-refresh>
            \(missing)<ul class="rows">\(rows)</ul>
            \(none)\(more)
            </div>
            """
    }

    private static func words(_ wanted: String, hasMore: Bool) -> String {
        if hasMore { return "No match so far." }
        return wanted.isEmpty ? "There are no conversations yet." : "No name contains this text."
    }

    /// - Parameters:
    ///   - busy: the number of effects in progress, by subject.
    ///   - asking: the conversations in which a tool call waits for approval.
    private static func row(
        _ conversation: JSONValue, _ busy: [String: Int], _ asking: Set<String>, _ status: RuntimeStatus
    ) -> HTML {
        let subject = conversation["subject"]?.string ?? ""
        let setAside: HTML? =
            status.setAsideReason(of: subject) == nil ? nil : #"<span class="badge bad">set aside</span> "#
        let asks: HTML? = asking.contains(subject) ? #"<span class="badge bad">waits for approval</span> "# : nil
        let busy = busy[subject].map { #"<span class="badge busy">\#($0) in progress</span>"# as HTML }
        return """
            <li><a href="\(PagePath.conversation.of(subject))"><bdi>\(subject)</bdi></a> \(setAside)\(asks)\(busy)
            <span class="quiet">\(PageText.time(conversation["last_activity"])) · \
            \(conversation["offset"]?.int ?? 0) records · partition \(conversation["partition"]?.int ?? 0)</span></li>

            """
    }
}
