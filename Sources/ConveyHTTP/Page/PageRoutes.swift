import Conversation
import ConveyRuntime
import Foundation

/// The page for people: `/` and what is linked from it. It shows what queries answer, and works without a script but for
/// what is live.
public enum PageRoutes {
    /// - Parameter access: for the form that takes a token.
    public static func make(_ sources: PageSources, access: AccessPolicy) -> [Route] {
        let queries = PageQueries(service: sources.queries)
        return [
            page(.conversations, "the page: all conversations") { query throws(PageQueries.Failure) in
                try await ConversationsPage.response(query, queries)
            },
            conversation(.conversation, "the page of a conversation: s, as_of") {
                subject, query throws(PageQueries.Failure) in
                try await TimelinePage.response(subject, query, queries)
            },
            conversation(.state, "its state and its effects: s, as_of") { subject, query throws(PageQueries.Failure) in
                try await StatePage.response(subject, query, queries)
            },
            conversation(.trace, "what led to a signal: s, id") { subject, query throws(PageQueries.Failure) in
                try await TracePage.response(subject, query, queries)
            },
            conversation(.events, "its recorded signals: s, as_of") { subject, query throws(PageQueries.Failure) in
                try await EventsPage.response(subject, query, queries)
            },
            page(.deadLetters, "dead letters, for people") { query throws(PageQueries.Failure) in
                await DeadLettersPage.response(query, sources.deadLetters)
            },
            page(.status, "what the service does right now, for people") { _ throws(PageQueries.Failure) in
                StatusPage.response(sources.status(), sources.metrics())
            },
            Route(
                PagePath.live.rawValue, "what the page of a conversation listens to: s, after",
                granted: { request, grant in
                    let subject = QueryString(request.target.query())?[PagePath.subject]
                    return StreamRoutes.stream(of: subject, request, grant, sources.live, sources.queries)
                }),
        ] + PageActions.make(sources) + LoginRoutes.make(access) + PageAssets.routes
    }

    private static func page(
        _ path: PagePath, _ summary: String,
        _ make: @escaping @Sendable (QueryString) async throws(PageQueries.Failure) -> HTTPResponse
    ) -> Route {
        Route(path.rawValue, summary) { request in
            guard let query = QueryString(request.target.query()) else {
                return PageLayout.problem(.badRequest, "The address is not percent-encoded UTF-8.")
            }
            do throws(PageQueries.Failure) {
                return try await make(query)
            } catch {
                return error.response
            }
        }
    }

    private static func conversation(
        _ path: PagePath, _ summary: String,
        _ make: @escaping @Sendable (String, QueryString) async throws(PageQueries.Failure) -> HTTPResponse
    ) -> Route {
        page(path, summary) { query throws(PageQueries.Failure) in
            guard let subject = query[PagePath.subject] else {
                return PageLayout.problem(.badRequest, "The address names no conversation.")
            }
            return try await make(subject, query)
        }
    }
}
