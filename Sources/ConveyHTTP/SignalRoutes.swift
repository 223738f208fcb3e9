import Conversation
import ConveyRuntime
import Foundation
import HTTPServing
import Signals

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
            return .problem(.unsupportedMediaType, "unsupported_media_type", wanted(request.headers[.contentType]))
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
            source: "/http/\(grant.name)", attributes: attributes(request.headers))
        return HTTPResponse(
            statusCode: HTTPStatusCode(answer.status, phrase: phrase(answer.status)),
            headers: [.contentType: "application/json", .cacheControl: "no-store"],
            body: Data(answer.body + [UInt8(ascii: "\n")]))
    }

    /// The attributes of a binary CloudEvent (HTTP protocol binding 1.0.2, section 3.1.3): headers with the prefix
    /// `ce-` and percent-encoded values. A value with a broken escape stands for itself.
    private static func attributes(_ headers: HTTPHeaders) -> [(String, String)] {
        headers.all.compactMap { field in
            let name = field.name.name.lowercased()
            guard name.hasPrefix("ce-") else { return nil }
            return (name, PercentEncoding.decode(field.value.utf8) ?? field.value)
        }
    }

    private static func wanted(_ contentType: String?) -> String {
        contentType?.lowercased().hasPrefix("application/cloudevents-batch") == true
            ? "This is a CloudEvents batch: send each event in a separate request." : "Send application/json."
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
