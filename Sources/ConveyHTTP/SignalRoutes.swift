import Conversation
import ConveyRuntime
import Foundation
import HTTPServing

/// Publishing over HTTP: `POST /v1/conversations/{subject}/signals?type=conv.in.message.received` with the signal's data, or
/// without `type` and with an envelope.
package enum SignalRoutes {
    static let path = "\(QueryPath.base)/{subject}/signals"

    /// - Parameter bodyLimit: the longest envelope, in bytes.
    package static func make(_ endpoint: SignalEndpoint, bodyLimit: Int) -> [Route] {
        [
            Route(
                path, "records a signal: type, or an envelope", method: .POST, scope: .write, parameters: ["type"],
                bodyLimit: bodyLimit,
                granted: { request, grant in await record(request, grant, endpoint) })
        ]
    }

    private static func record(_ request: HTTPRequest, _ grant: AccessGrant, _ endpoint: SignalEndpoint) async
        -> HTTPResponse
    {
        // Only JSON is accepted, because a form on a foreign page cannot send it.
        guard let contentType = request.headers[.contentType], isJSON(contentType) else {
            return .problem(.unsupportedMediaType, "unsupported_media_type", "Send application/json.")
        }
        guard let subject = ConversationPath.subject(request) else {
            return .problem(.badRequest, "bad_path", ConversationPath.misspelled)
        }
        guard let query = QueryString(request.target.query()) else {
            return .problem(.badRequest, "bad_path", "The query string is not percent-encoded UTF-8.")
        }
        // An unreadable body ends too early.
        guard let body = try? await request.bodyData else {
            return .problem(.badRequest, "bad_body", "The body ends too early.")
        }
        let answer = await endpoint.record(
            subject: subject, type: query["type"], payload: Array(body), contentType: contentType,
            source: "/http/\(grant.name)")
        return HTTPResponse(
            statusCode: HTTPStatusCode(answer.status, phrase: phrase(answer.status)),
            headers: [.contentType: "application/json", .cacheControl: "no-store"],
            body: Data(answer.body + [UInt8(ascii: "\n")]))
    }

    private static func isJSON(_ contentType: String) -> Bool {
        let type = contentType.prefix { $0 != ";" }.lowercased().trimmingCharacters(in: .whitespaces)
        return type == "application/json" || type == "application/cloudevents+json"
    }

    private static func phrase(_ status: Int) -> String {
        switch status {
        case 200: "OK"
        case 201: "Created"
        case 400: "Bad Request"
        case 413: "Payload Too Large"
        case 503: "Service Unavailable"
        default: "Internal Server Error"
        }
    }
}
