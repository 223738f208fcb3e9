import Conversation
import ConveyRuntime

/// `/deadletters`: signals set aside, with buttons to schedule them again or to discard them.
enum DeadLettersPage {
    static let pageSize = 100

    static func response(_ query: QueryString, _ ask: PageSources.DeadLetters) async -> HTTPResponse {
        let after = PageText.offset(query["after"]) ?? 0
        switch await ask(.list(after: Position(after), limit: pageSize)) {
        case .failure(let error): return PageLayout.problem(.serviceUnavailable, error.message)
        case .success(.outcomes): return PageLayout.problem(.internalServerError, "The answer is to another question.")
        case .success(.letters(let letters)):
            let next: HTML? =
                letters.count < pageSize
                ? nil
                : letters.last.map { last in
                    let path = PagePath.deadLetters.with(("after", last.letter.position.description))
                    return #"<p><a rel="next" href="\#(path)">More</a></p>"#
                }
            return PageLayout.response("Dead letters", here: .deadLetters, content(letters, next))
        }
    }

    private static func content(_ letters: [DeadLetterDetails], _ next: HTML?) -> HTML {
        guard !letters.isEmpty else { return "<h1>Dead letters</h1>\n<p class=\"quiet\">There is none.</p>" }
        return """
            <h1>Dead letters</h1>
            <form action="\(PagePath.moveDeadLetters.rawValue)" method="post">
            <div class="wide"><table>
            <thead><tr><th></th><th>Journal</th><th>Conversation</th><th>Type</th><th>Signal</th><th>Reason</th></tr></thead>
            <tbody>\(letters.map(row))</tbody></table></div>
            <p class="line"><button name="action" value="redrive">Re-drive</button>
            <button name="action" value="discard" class="danger">Discard</button></p>
            </form>
            \(next)
            """
    }

    private static func row(_ details: DeadLetterDetails) -> HTML {
        let signal = details.signal
        let position = details.letter.position.rawValue
        return """
            <tr><td><input type="checkbox" name="position" value="\(position)" aria-label="dead letter \(position)"></td>
            <td>\(position)</td>
            <td><a href="\(PagePath.conversation.of(signal.subject))"><bdi>\(signal.subject)</bdi></a></td>
            <td>\(signal.type)</td>
            <td><a href="\(PagePath.trace.of(signal.subject, ("id", signal.id)))"><code>\(signal.id)</code></a></td>
            <td>\(details.letter.reason.rawValue)</td></tr>

            """
    }
}
