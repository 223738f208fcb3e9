import HTTPServing
import JournalPort
import Signals

/// `/deadletters`: signals set aside, with buttons to schedule them again or to discard them.
enum DeadLettersPage {
    static let pageSize = 100

    static func response(_ query: QueryString, _ page: PageContext) async -> HTTPResponse {
        let shards = page.sources.deadLetters.shards
        let after = query["after"].flatMap { ShardPosition($0, shards: shards) } ?? .start
        let found: DeadLetterPage
        do {
            found = try await page.sources.deadLetters.list(after: after, limit: pageSize)
        } catch {
            return PageLayout.problem(.serviceUnavailable, error.message)
        }
        let letters = found.letters
        let next: HTML? =
            letters.count < pageSize
            ? nil
            : letters.last.map { last in
                let path = PagePath.deadLetters.with(("after", last.place.text(shards: shards)))
                return #"<p><a rel="next" href="\#(path)">More</a></p>"#
            }
        let rows = letters.map { row($0, shards: shards, mayMove: page.may(.admin)) }
        return PageLayout.response(
            "Dead letters", here: .deadLetters, in: page,
            content(
                rows, [outcome(query), PageText.unreadableShards(found.unreadable)].compactMap(\.self), next,
                mayMove: page.may(.admin)))
    }

    /// The page to show after letters were moved, with the outcome in its address.
    static func path(after outcomes: [Sharded<DeadLetterOutcome>]) -> String {
        let counts = Dictionary(grouping: outcomes, by: \.value.status).map {
            ($0.key.rawValue, String($0.value.count))
        }
        return PagePath.deadLetters.with(counts.sorted { $0.0 < $1.0 })
    }

    /// The outcome of the previous move, from the address.
    private static func outcome(_ query: QueryString) -> HTML? {
        let words: [(status: DeadLetterOutcome.Status, text: String)] = [
            (.redriven, "re-driven"), (.discarded, "discarded"), (.notFound, "no longer there"),
            (.alreadyDiscarded, "discarded before"),
            (.parkedLimit, "not moved: too many signals wait for causes that are not recorded"),
        ]
        let parts = words.compactMap { status, text in
            query[status.rawValue].flatMap { Int($0) }.map { "\($0) \(text)" }
        }
        return parts.isEmpty ? nil : #"<p class="past" role="status">\#(parts.joined(separator: ", ")).</p>"#
    }

    private static func content(
        _ rows: [HTML], _ notes: [HTML], _ next: HTML?, mayMove: Bool
    ) -> HTML {
        let none: HTML? = rows.isEmpty && notes.isEmpty ? #"<p class="quiet">There are none.</p>"# : nil
        let buttons: HTML? =
            mayMove && !rows.isEmpty
            ? """
            <p class="line"><button name="action" value="redrive" class="main">Re-drive</button>
            <button name="action" value="discard" class="danger">Discard</button></p>
            """ : nil
        return """
            <h1>Dead letters</h1>
            <p class="quiet">Signals that could not be applied. Re-driving schedules them again; discarding closes them
            for good.</p>
            \(notes)
            <form id="letters" action="\(PagePath.moveDeadLetters.rawValue)" method="post" data-refresh>
            <ul class="rows">\(rows)</ul>
            \(none)\(buttons)
            </form>
            \(next)
            """
    }

    private static func row(_ letter: Sharded<DeadLetterDetails>, shards: Int, mayMove: Bool) -> HTML {
        let details = letter.value
        let signal = details.signal
        let position = letter.place.text(shards: shards)
        let isOpen = details.letter.reason != .discarded
        let box: HTML? =
            mayMove && isOpen ? #"<input type="checkbox" name="position" value="\#(position)"> "# : nil
        let cause: HTML? =
            if case .signal(let id) = signal.cause { #" · its cause is <code>\#(id)</code>"# } else { nil }
        return """
            <li><label>\(box)\(signal.type)</label> <span class="badge\(isOpen ? " bad" : nil)">\(words(details.letter.reason))</span>
            <span class="quiet">journal \(position) ·
            <a href="\(PagePath.conversation.of(signal.subject))"><bdi>\(signal.subject)</bdi></a> ·
            <a class="trace" href="\(PagePath.trace.of(signal.subject, ("id", signal.id)))"><code>\(signal.id)</code></a>\(cause)</span>
            <code class="quiet">\(PageText.excerpt(String(decoding: signal.data, as: UTF8.self)))</code></li>

            """
    }

    private static func words(_ reason: DeadLetter.Reason) -> String {
        switch reason {
        case .causeTimeout: "its cause did not arrive in time"
        case .parkedLimit: "too many signals waited for their causes"
        case .causeDeadLettered: "its cause is a dead letter"
        case .effectLimit: "too many effects in its conversation"
        case .setAside: "its conversation is set aside, with too many waiting signals"
        case .discarded: "discarded"
        case .unknown: "the reason cannot be read"
        }
    }
}
