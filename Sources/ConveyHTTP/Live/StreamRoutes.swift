import Conversation
import ConveyQueries
import HTTPServing

/// Live events: `GET /v1/conversations/{subject}/stream`, as server-sent events whose ids are offsets.
///
/// A stream begins after `Last-Event-ID`, which browsers send when they reconnect, otherwise after `after`, otherwise
/// with the next event. No event is missed or repeated across connections and restarts, because events come from the
/// journal.
package enum StreamRoutes {
    static let path = "\(QueryPath.base)/{subject}/stream"
    /// Seconds after which a refused client should try again.
    private static let retryAfter = "10"

    package static func make(_ feed: LiveFeed, _ queries: QueryService) -> [Route] {
        [
            Route(
                path, "a conversation's live events, as server-sent events: after", parameters: ["after"],
                granted: { request, grant in
                    stream(of: ConversationPath.subject(request), request, grant, feed, queries)
                })
        ]
    }

    static func stream(
        of subject: String?, _ request: HTTPRequest, _ grant: AccessGrant, _ feed: LiveFeed, _ queries: QueryService
    ) -> HTTPResponse {
        guard let subject, let query = QueryString(request.target.query()),
            // Checks the subject.
            (try? QueryRequest(.events, subject: subject, parameters: [])) != nil
        else {
            return .problem(.badRequest, "bad_path", "The path must name a conversation.")
        }
        var after: Int64?
        if let text = request.headers[HTTPHeader("Last-Event-ID")] ?? query["after"] {
            guard let offset = Int64(text), offset >= 0 else {
                return .problem(
                    .badRequest, "bad_parameter", "Last-Event-ID and after are offsets: whole numbers from 0.")
            }
            after = offset
        }
        guard let watch = feed.watch(subject, holder: request.asker(grant)) else {
            return .busy("\(LiveFeed.watchLimit) streams are open; ask again later.", retryAfter: retryAfter)
        }
        // Held by the response, so that the watch ends with it even if it is never sent.
        let lease = WatchLease(watch: watch)
        return HTTPResponse(
            statusCode: .ok,
            headers: [
                .contentType: "text/event-stream", .cacheControl: "no-store",
                // Keeps nginx from buffering the response.
                HTTPHeader("X-Accel-Buffering"): "no",
            ]
        ) { [after] send in
            let events = LiveEvents(watch: lease.watch, queries: queries, after: after)
            try await EventStream(events: events).write(send)
        }
    }
}

/// Ends a watch when it is released.
private final class WatchLease: Sendable {
    let watch: LiveWatch

    init(watch: LiveWatch) {
        self.watch = watch
    }

    deinit { watch.end() }
}
