import Foundation

/// An endpoint: its path, what it is for, and a handler. A route for `GET` also serves `HEAD`.
package struct Route: Sendable {
    package typealias Handler = @Sendable (HTTPRequest, AccessGrant) async throws -> HTTPResponse

    /// The path, `/metrics`. A segment in braces matches any text, `/v1/conversations/{subject}/{view}`.
    package let path: String
    /// What it is for, in a few words, for the list in a 404.
    package let summary: String
    /// `GET`, or `POST` for changes.
    let method: HTTPMethod
    /// The scope that a token must have; nil for public routes.
    let scope: AccessScope?
    /// The parameters that the query string may have; nil if the handler decides.
    let parameters: [String]?
    /// The longest request body, in bytes.
    let bodyLimit: Int
    /// The memory that is reserved while the handler runs, in bytes, excluding the answers of queries, which reserve
    /// their own. Afterwards the response counts with its real size.
    let room: Int
    /// Whether it is served on reserved connections, too, so that a busy service does not appear dead.
    let isForProbes: Bool
    /// Whether a browser without a token is sent here. The parameter `to` is the requested page.
    let isSignIn: Bool
    let handler: Handler

    /// A `GET` normally has no body.
    package static let standardBodyLimit = 32 * 1_024
    /// Most responses are shorter.
    package static let standardRoom = 64 << 10

    /// - Parameters:
    ///   - scope: the scope that a token must have; nil for public routes.
    ///   - parameters: the parameters that the query string may have; others are refused. Nil if the handler decides.
    ///   - bodyLimit: the longest request body, in bytes.
    ///   - room: the memory that is reserved while the handler runs, in bytes.
    package init(
        _ path: String, _ summary: String, method: HTTPMethod = .GET, scope: AccessScope? = .read,
        parameters: [String]? = [], bodyLimit: Int = Route.standardBodyLimit, room: Int = Route.standardRoom,
        isForProbes: Bool = false,
        isSignIn: Bool = false, handler: @escaping @Sendable (HTTPRequest) async throws -> HTTPResponse
    ) {
        self.init(
            path, summary, method: method, scope: scope, parameters: parameters, bodyLimit: bodyLimit, room: room,
            isForProbes: isForProbes,
            isSignIn: isSignIn, granted: { request, _ in try await handler(request) })
    }

    /// As above, for handlers that need the client's access grant.
    package init(
        _ path: String, _ summary: String, method: HTTPMethod = .GET, scope: AccessScope? = .read,
        parameters: [String]? = [], bodyLimit: Int = Route.standardBodyLimit, room: Int = Route.standardRoom,
        isForProbes: Bool = false,
        isSignIn: Bool = false, granted handler: @escaping Handler
    ) {
        self.path = path
        self.summary = summary
        self.method = method
        self.scope = scope
        self.parameters = parameters
        self.bodyLimit = bodyLimit
        self.room = room
        self.isForProbes = isForProbes
        self.isSignIn = isSignIn
        self.handler = handler
    }
}
