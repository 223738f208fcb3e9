import HTTPServing
import Signals

/// `/c?s=…`: the timeline, live, with a box for messages and a button to abort; or the timeline at an earlier time.
enum TimelinePage {
    /// Entries per page.
    private static let pageSize = "100"

    static func response(
        _ subject: String, _ query: QueryString, _ page: PageContext
    ) async throws(PageQueries.Failure) -> HTTPResponse {
        let asOf = PageText.offset(query["as_of"])
        let timeline = try await timeline(subject, query, page)
        let newest = timeline["as_of"]?.int ?? 0
        let isPast = asOf != nil || query["before"] != nil
        let mayWrite = page.may(.write) && !isPast
        let entries = TimelineEntries(
            subject: subject, timeline: timeline["entries"]?.array ?? [], mayDecide: mayWrite)
        var heading = ConversationHeading(
            subject: subject, here: .conversation, asOf: asOf, offset: newest,
            setAside: page.sources.status().setAsideReason(of: subject))
        if let asOf { heading.later = try await next(after: asOf, subject, page.queries) }
        heading.earlier = entries.newestOffset.flatMap { $0 > 1 ? $0 - 1 : nil }
        let older = timeline["next"]?["before"]?.int.map { before -> HTML in
            let items = [("before", String(before))] + PagePath.time(asOf)
            return #"<p><a rel="prev" href="\#(PagePath.conversation.of(subject, items))">Older</a></p>"#
        }
        let waiting = isPast ? nil : try await approvals(subject, besides: entries, page)
        let live: HTML = isPast ? "" : liveAttributes(subject, newest, mayWrite)
        return PageLayout.response(
            subject, in: page,
            """
            \(heading.html)
            \(older)
            <section id="timeline" aria-label="Timeline" data-trace="\(PagePath.trace.of(subject))"
            data-rewind="\(PagePath.conversation.of(subject))"\(live)>
            \(entries.html)
            </section>
            \(isPast ? nil : entries.templates)\(waiting)
            \(entries.isEmpty ? #"<p id="empty" class="quiet">Nothing has been said yet.</p>"# : nil)
            \(mayWrite ? composer(subject) : #"<p id="connection" class="quiet" role="status"></p>"#)
            """)
    }

    /// The timeline; empty for a conversation that does not exist yet, so that it can be started here.
    private static func timeline(
        _ subject: String, _ query: QueryString, _ page: PageContext
    ) async throws(PageQueries.Failure) -> JSONValue {
        do throws(PageQueries.Failure) {
            return try await page.queries.ask(
                .timeline, subject,
                [("limit", pageSize), ("as_of", query["as_of"]), ("before", query["before"])])
        } catch {
            guard error.response.statusCode == .notFound else { throw error }
            return .object([("as_of", .integer("0")), ("entries", .array([]))])
        }
    }

    /// Tool calls that ask for approval and whose requests are not among the entries, because a page shows only the
    /// newest.
    private static func approvals(
        _ subject: String, besides entries: TimelineEntries, _ page: PageContext
    ) async throws(PageQueries.Failure) -> HTML? {
        let answer = try await page.queries.ask(
            .effects, "", [("subject", subject), ("limit", EffectsPage.pageSize)])
        let rows = (answer["effects"]?.array ?? []).map {
            EffectRow(effect: $0, mayWrite: page.may(.write), back: .conversation)
        }.filter { $0.asksForApproval && !entries.asks(about: $0.id) }
        guard !rows.isEmpty else { return nil }
        return """
            <section aria-label="Waits for approval">
            <h2>Waits for approval</h2>
            <ul class="rows">\(rows.map(\.html))</ul>
            </section>
            """
    }

    /// The next record after an offset that may change the timeline.
    private static func next(
        after offset: Int64, _ subject: String, _ queries: PageQueries
    ) async throws(PageQueries.Failure) -> Int64? {
        let answer = try await queries.ask(
            .events, subject, [("after", String(offset)), ("family", "in,out"), ("limit", "1")])
        return answer["events"]?.array?.first?["offset"]?.int.map(Int64.init)
    }

    private static func liveAttributes(_ subject: String, _ newest: Int, _ mayWrite: Bool) -> HTML {
        let decide: HTML? =
            mayWrite
            ? #" data-decide="\#(PagePath.effect.rawValue)" data-retry="\#(PagePath.retry.rawValue)""# : nil
        return #" data-live="\#(PagePath.live.of(subject))" data-after="\#(newest)"\#(decide)"#
    }

    private static func composer(_ subject: String) -> HTML {
        """
        <div id="composer">
        <form id="say" action="\(PagePath.say.rawValue)" method="post">
        <input type="hidden" name="\(PagePath.subject)" value="\(exact: subject)">
        <input type="hidden" name="id" value="\(PageActions.makeID())">
        <label for="content">Message</label>
        <textarea id="content" name="content" rows="2" dir="auto" required></textarea>
        </form>
        <div class="line">
        <button form="say" class="main">Send</button>
        <form id="abort" action="\(PagePath.control.rawValue)" method="post">
        <input type="hidden" name="\(PagePath.subject)" value="\(exact: subject)">
        <button name="action" value="abort_requested" class="danger">Abort</button>
        </form>
        <span id="connection" class="quiet" role="status"></span>
        </div>
        </div>

        """
    }
}
