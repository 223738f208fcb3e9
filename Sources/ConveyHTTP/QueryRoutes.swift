import Conversation
import ConveyRuntime
import FlyingFox
import Foundation

/// Queries over HTTP: `/v1/conversations` and `/v1/conversations/{subject}/{view}`.
///
/// There is no authentication: the service listens on loopback unless told otherwise. Whoever exposes it puts a reverse
/// proxy in front, which asks who it is and may decide by path: a conversation's subject is one segment, percent-encoded.
public enum QueryRoutes {
    public static func make(_ service: QueryService) -> [Route] {
        [
            Route(QueryPath.base, QueryView.conversations.summary) { request in
                await answer(request, view: .conversations, subject: "", service)
            },
            Route(
                "\(QueryPath.base)/{subject}/{view}", "views of a conversation: timeline, context, events, state, trace"
            ) {
                request in
                let segments = request.target.path().split(separator: "/")
                guard segments.count == 4, let subject = segments[2].removingPercentEncoding,
                    let view = QueryView(rawValue: String(segments[3])), view.needsSubject
                else {
                    return response(
                        QueryAnswer(
                            QueryError(.viewUnknown, "a view is one of timeline, context, events, state and trace")))
                }
                return await answer(request, view: view, subject: subject, service)
            },
        ]
    }

    private static func answer(
        _ request: HTTPRequest, view: QueryView, subject: String, _ service: QueryService
    ) async -> HTTPResponse {
        do throws(QueryError) {
            let parameters = try parameters(request.target.query())
            let query = try QueryRequest(view, subject: subject, parameters: parameters)
            return response(await service.answer(query))
        } catch {
            return response(QueryAnswer(error))
        }
    }

    /// The items of a query string, form-encoded: a plus sign is a space (WHATWG URL, section 5.1).
    private static func parameters(_ query: String) throws(QueryError) -> [(name: String, value: String)] {
        var parameters: [(name: String, value: String)] = []
        for item in query.split(separator: "&") {
            let parts = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let texts = parts.map { $0.replacing("+", with: " ").removingPercentEncoding }
            guard let name = texts[0], let value = texts.count > 1 ? texts[1] : "" else {
                throw QueryError(.parameterInvalid, "the query string is not percent-encoded UTF-8")
            }
            parameters.append((name, value))
        }
        return parameters
    }

    private static func response(_ answer: QueryAnswer) -> HTTPResponse {
        HTTPResponse(
            statusCode: HTTPStatusCode(answer.status, phrase: phrase(answer.status)),
            headers: [.contentType: "application/json", HTTPHeader("Cache-Control"): "no-store"],
            body: Data(answer.body))
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
