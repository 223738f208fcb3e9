import FlyingFox
import Foundation

/// One thing the service answers: a path, what it is for, and how the answer is made. All routes are read-only: `GET`,
/// and `HEAD` made from it.
public struct Route: Sendable {
    /// The exact path, `/metrics`.
    public let path: String
    /// What the answer is, in a few words, for the list in a 404.
    public let summary: String
    let handler: @Sendable (HTTPRequest) async throws -> HTTPResponse

    public init(
        _ path: String, _ summary: String, handler: @escaping @Sendable (HTTPRequest) async throws -> HTTPResponse
    ) {
        self.path = path
        self.summary = summary
        self.handler = handler
    }
}

extension HTTPResponse {
    /// A JSON answer. Values are the service's own types, whose encoding cannot fail; if it does, the answer is a 500.
    static func json(_ value: some Encodable, status: HTTPStatusCode = .ok) -> HTTPResponse {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do {
            var body = try encoder.encode(value)
            body.append(UInt8(ascii: "\n"))
            return HTTPResponse(
                statusCode: status,
                headers: [.contentType: "application/json", HTTPHeader("Cache-Control"): "no-store"],
                body: body)
        } catch {
            return HTTPResponse(statusCode: .internalServerError)
        }
    }
}
