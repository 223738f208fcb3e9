import Foundation
import HTTPServing

/// The web page: `/` and the pages linked from it. It shows the answers of queries and works without the script, except for live
/// updates.
package enum PageRoutes {
    /// - Parameter access: decides whether there is a sign-in form.
    package static func make(_ sources: PageSources, access: AccessPolicy) -> [Route] {
        let make = PageRouteMaker(sources: sources, canSignOut: access.tokens != nil)
        return [
            make.page(.conversations, "the page: all conversations") { query, page throws(PageQueries.Failure) in
                try await ConversationsPage.response(query, page)
            },
            make.conversation(.conversation, "the page of a conversation: s, as_of") {
                subject, query, page throws(PageQueries.Failure) in
                try await TimelinePage.response(subject, query, page)
            },
            make.conversation(.state, "its state and its effects: s, as_of") {
                subject, query, page throws(PageQueries.Failure) in
                try await StatePage.response(subject, query, page)
            },
            make.conversation(.trace, "what led to a signal: s, id") {
                subject, query, page throws(PageQueries.Failure) in
                try await TracePage.response(subject, query, page)
            },
            make.conversation(.events, "its recorded signals: s, as_of") {
                subject, query, page throws(PageQueries.Failure) in
                try await EventsPage.response(subject, query, page)
            },
            make.page(.effects, "the effects in progress, for people") { query, page throws(PageQueries.Failure) in
                try await EffectsPage.response(query, page)
            },
            make.page(.deadLetters, "dead letters, for people") { query, page throws(PageQueries.Failure) in
                await DeadLettersPage.response(query, page)
            },
            make.page(.status, "the status of the service, for people") {
                _, page throws(PageQueries.Failure) in
                StatusPage.response(page)
            },
            Route(
                PagePath.live.rawValue, "live events for the page of a conversation: s, after",
                parameters: ["after", PagePath.subject],
                granted: { request, grant in
                    let subject = QueryString(request.target.query())?[PagePath.subject]
                    return StreamRoutes.stream(of: subject, request, grant, sources.live, sources.queries)
                }),
        ] + PageActions.make(sources) + LoginRoutes.make(access) + PageAssets.routes
    }
}

/// Creates routes from functions that create the content of pages.
private struct PageRouteMaker {
    let sources: PageSources
    let canSignOut: Bool
    /// The answers of queries, parsed and rendered as HTML.
    private static let room = 4 << 20

    func page(
        _ path: PagePath, _ summary: String,
        _ make: @escaping @Sendable (QueryString, PageContext) async throws(PageQueries.Failure) -> HTTPResponse
    ) -> Route {
        Route(
            path.rawValue, summary, parameters: nil, room: Self.room,
            granted: { [sources, canSignOut] request, grant in
                guard let query = QueryString(request.target.query()) else {
                    return PageLayout.problem(.badRequest, "The address is not percent-encoded UTF-8.")
                }
                do throws(PageQueries.Failure) {
                    return try await make(
                        query,
                        PageContext(
                            sources: sources, grant: grant, canSignOut: canSignOut, asker: request.asker(grant)))
                } catch {
                    return error.response
                }
            })
    }

    func conversation(
        _ path: PagePath, _ summary: String,
        _ make:
            @escaping @Sendable (String, QueryString, PageContext) async throws(PageQueries.Failure) -> HTTPResponse
    ) -> Route {
        page(path, summary) { query, page throws(PageQueries.Failure) in
            guard let subject = query[PagePath.subject] else {
                return PageLayout.problem(.badRequest, "The address does not name a conversation.")
            }
            return try await make(subject, query, page)
        }
    }
}
