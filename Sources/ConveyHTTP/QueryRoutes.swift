import AnswerMemory
import Conversation
import ConveyQueries
import Foundation
import HTTPServing
import JournalReading

/// Queries over HTTP: `/v1/conversations/{subject}/{view}`, and `/v1/{view}` for queries about all conversations.
///
/// The subject is one segment, percent-encoded as in `QueryPath`, so that a proxy in front can decide by path.
package enum QueryRoutes {
    package static func make(_ service: QueryService) -> [Route] {
        QueryView.allCases.filter { !$0.needsSubject }.map { view in
            Route(
                QueryPath.path(view: view, segment: ""), view.summary, parameters: nil, room: 0,
                granted: { request, grant in await answer(request, grant, view: view, subject: "", service) })
        } + [
            Route(
                "\(QueryPath.base)/{subject}/{view}",
                "views of a conversation: timeline, context, events, state, trace",
                parameters: nil, room: 0,
                granted: { request, grant in
                    let segments = request.target.path().split(separator: "/")
                    guard segments.count == 4, let view = QueryView(rawValue: String(segments[3])), view.needsSubject
                    else {
                        return response(
                            QueryAnswer(
                                QueryError(.viewUnknown, "a view is one of timeline, context, events, state and trace"))
                        )
                    }
                    guard let subject = ConversationPath.subject(request) else {
                        return response(QueryAnswer(QueryError(.parameterInvalid, ConversationPath.misspelled)))
                    }
                    return await answer(request, grant, view: view, subject: subject, service)
                })
        ]
    }

    private static func answer(
        _ request: HTTPRequest, _ grant: AccessGrant, view: QueryView, subject: String, _ service: QueryService
    ) async -> HTTPResponse {
        do throws(QueryError) {
            guard let given = QueryString(request.target.query()) else {
                throw QueryError(.parameterInvalid, "the query string is not percent-encoded UTF-8")
            }
            let query = try QueryRequest(view, subject: subject, parameters: given.items)
            let (answer, room) = await service.heldAnswer(query, asker: request.asker(grant))
            return response(answer, room)
        } catch {
            return response(QueryAnswer(error))
        }
    }

    private static func response(_ answer: QueryAnswer, _ room: AnswerRoom? = nil) -> HTTPResponse {
        var headers: HTTPHeaders = [.contentType: "application/json", .cacheControl: "no-store"]
        // Busy, or the journal cannot be read at the moment; the client should try again.
        if answer.status == 503 { headers[.retryAfter] = "2" }
        return HTTPResponse(
            statusCode: HTTPStatusCode(answer.status, phrase: phrase(answer.status)), headers: headers,
            bytes: answer.body, room: room)
    }

    private static func phrase(_ status: Int) -> String {
        switch status {
        case 200: "OK"
        case 400: "Bad Request"
        case 404: "Not Found"
        case 503: "Service Unavailable"
        case 504: "Gateway Timeout"
        default: "Internal Server Error"
        }
    }
}
