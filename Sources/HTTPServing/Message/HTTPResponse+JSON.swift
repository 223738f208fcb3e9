import Foundation

extension HTTPResponse {
    /// `{"error":CODE,"message":TEXT}`
    /// - Parameter routes: the routes that exist, one line each.
    package static func problem(
        _ status: HTTPStatusCode, _ error: String, _ message: String, routes: [String]? = nil
    ) -> HTTPResponse {
        .json(Problem(error: error, message: message, routes: routes), status: status)
    }

    /// A JSON response. The values are this service's own types, whose encoding cannot fail; if it does, the response is a 500.
    package static func json(_ value: some Encodable, status: HTTPStatusCode = .ok) -> HTTPResponse {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do {
            return .json(encoded: Array(try encoder.encode(value)), status: status)
        } catch {
            return HTTPResponse(statusCode: .internalServerError)
        }
    }

    /// A response with already encoded JSON, followed by a line end.
    package static func json(encoded bytes: [UInt8], status: HTTPStatusCode = .ok) -> HTTPResponse {
        HTTPResponse(
            statusCode: status, headers: [.contentType: "application/json", .cacheControl: "no-store"],
            bytes: bytes + [UInt8(ascii: "\n")], room: nil)
    }

    /// Sends a browser to another page with `GET`.
    package static func redirect(to path: String) -> HTTPResponse {
        HTTPResponse(statusCode: .seeOther, headers: [.location: path, .cacheControl: "no-store"])
    }

    /// No connection or memory is available at the moment.
    /// - Parameter seconds: until the client should try again.
    package static func busy(_ message: String, retryAfter seconds: String = "2") -> HTTPResponse {
        var response = problem(.serviceUnavailable, "busy", message)
        response.headers[.retryAfter] = seconds
        return response
    }

    static func refusal(_ refusal: AccessRefusal) -> HTTPResponse {
        var response = problem(refusal.status, refusal.code, refusal.message)
        if let challenge = refusal.challenge { response.headers[HTTPHeader("WWW-Authenticate")] = challenge }
        return response
    }
}

/// The body of a problem.
private struct Problem: Encodable {
    let error: String
    let message: String
    let routes: [String]?
}
