import Foundation

/// One thing the service answers: a path, what it is for, and how the answer is made. A route answers `GET`,
/// and `HEAD` made from it, unless it is made for `POST`.
public struct Route: Sendable {
    /// The path, `/metrics`; a segment in braces stands for any text, `/v1/conversations/{subject}/{view}`.
    public let path: String
    /// What the answer is, in a few words, for the list in a 404.
    public let summary: String
    /// `GET`, or `POST` for what changes something.
    let method: HTTPMethod
    /// What a token must allow; nil for everybody.
    let scope: AccessScope?
    /// The longest body a request may have, in bytes.
    let bodyLimit: Int
    /// The memory that is asked for before the answer is made, in bytes: what making it takes beside the answers of queries,
    /// which bring their own. Afterwards the answer counts as what it is.
    let room: Int
    /// Whether it is answered, too, when all places are taken: so that a service that is busy is not taken for a dead one.
    let isForProbes: Bool
    let handler: @Sendable (HTTPRequest, AccessGrant) async throws -> HTTPResponse

    /// Nothing that is asked with a `GET` has a body of note.
    public static let standardBodyLimit = 32 * 1_024
    /// Most answers are shorter.
    static let standardRoom = 64 << 10

    /// - Parameters:
    ///   - scope: what a token must allow; nil for everybody.
    ///   - bodyLimit: the longest body a request may have, in bytes.
    ///   - room: the memory that making the answer takes.
    init(
        _ path: String, _ summary: String, method: HTTPMethod = .GET, scope: AccessScope? = .read,
        bodyLimit: Int = Route.standardBodyLimit, room: Int = Route.standardRoom, isForProbes: Bool = false,
        handler: @escaping @Sendable (HTTPRequest) async throws -> HTTPResponse
    ) {
        self.init(
            path, summary, method: method, scope: scope, bodyLimit: bodyLimit, room: room, isForProbes: isForProbes,
            granted: { request, _ in try await handler(request) })
    }

    /// As above, for handlers that need to know who asks.
    init(
        _ path: String, _ summary: String, method: HTTPMethod = .GET, scope: AccessScope? = .read,
        bodyLimit: Int = Route.standardBodyLimit, room: Int = Route.standardRoom, isForProbes: Bool = false,
        granted handler: @escaping @Sendable (HTTPRequest, AccessGrant) async throws -> HTTPResponse
    ) {
        self.path = path
        self.summary = summary
        self.method = method
        self.scope = scope
        self.bodyLimit = bodyLimit
        self.room = room
        self.isForProbes = isForProbes
        self.handler = handler
    }

    /// How many segments stand for any text.
    var placeholders: Int { path.count { $0 == "{" } }

    /// Whether a path, percent-encoded as it came, is this route's.
    func matches(_ path: String) -> Bool {
        if !self.path.contains("{") { return self.path == path }
        let pattern = self.path.split(separator: "/", omittingEmptySubsequences: false)
        let segments = path.split(separator: "/", omittingEmptySubsequences: false)
        return pattern.count == segments.count
            && zip(pattern, segments).allSatisfy { $0.hasPrefix("{") ? !$1.isEmpty : $0 == $1 }
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
