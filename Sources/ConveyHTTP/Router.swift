import ConveyRuntime
import FlyingFox

/// Chooses the route of a request and sees that it may be asked. Unlike FlyingFox's own routing it answers `HEAD`, says 405
/// for a wrong method, and lists what there is when a path is unknown.
struct Router: HTTPHandler {
    let routes: [Route]
    let access: AccessPolicy
    /// Microseconds since 1970.
    let now: @Sendable () -> Int64

    func handleRequest(_ request: HTTPRequest) async throws -> HTTPResponse {
        let path = request.target.path()
        // `/{subject}/stream` is asked before `/{subject}/{view}`.
        let found = routes.filter { $0.matches(path) }.sorted { $0.placeholders < $1.placeholders }
        guard let first = found.first else {
            return try await guarded(request, scope: .read, bodyLimit: 0) { _ in notFound(path) }
        }
        if let route = found.first(where: { $0.method == request.method }) { return try await answer(route, request) }
        if request.method == .HEAD, let route = found.first(where: { $0.method == .GET }) {
            return try await withoutBody(answer(route, request))
        }
        let allowed = found.flatMap { $0.method == .GET ? ["GET", "HEAD"] : [$0.method.rawValue] }
        return try await guarded(request, scope: first.scope, bodyLimit: 0) { _ in
            var response = HTTPResponse.problem(
                .methodNotAllowed, "method_not_allowed", "\(first.path) answers \(allowed.joined(separator: " and ")).")
            response.headers[HTTPHeader("Allow")] = allowed.joined(separator: ", ")
            return response
        }
    }

    private func answer(_ route: Route, _ request: HTTPRequest) async throws -> HTTPResponse {
        try await guarded(request, scope: route.scope, bodyLimit: route.bodyLimit) { grant in
            try await route.handler(request, grant)
        }
    }

    /// Answers if the request may be asked and is not too long.
    private func guarded(
        _ request: HTTPRequest, scope: AccessScope?, bodyLimit: Int,
        _ answer: (AccessGrant) async throws -> HTTPResponse
    ) async throws -> HTTPResponse {
        var response: HTTPResponse
        var isAnswered = false
        switch access.decide(request, scope: scope, now: now()) {
        case .refused(let refusal):
            response = asksForPage(request) && refusal.isAboutToken ? LoginRoutes.redirect(request) : .refusal(refusal)
        case .allowed(let grant):
            if let problem = Self.bodyProblem(request, limit: bodyLimit) {
                response = problem
            } else {
                response = try await answer(grant)
                isAnswered = true
            }
        }
        // No page may guess another type than the one given, or show an answer inside itself.
        response.headers[HTTPHeader("X-Content-Type-Options")] = "nosniff"
        if response.headers[HTTPHeader("Content-Security-Policy")] == nil {
            response.headers[HTTPHeader("Content-Security-Policy")] = "default-src 'none'; frame-ancestors 'none'"
        }
        guard let length = Self.length(request), length <= Self.flushedBytes else {
            if !isAnswered { await Self.drain(request) }
            return try await response.closing()
        }
        return response
    }

    /// A person with a browser is better served with a form than with a status.
    private func asksForPage(_ request: HTTPRequest) -> Bool {
        request.method == .GET && request.headers[HTTPHeader("Accept")]?.contains("text/html") == true
            && routes.contains { $0.path == LoginRoutes.path }
    }

    /// A body must say how long it is before it comes: then it can be refused unread.
    private static func bodyProblem(_ request: HTTPRequest, limit: Int) -> HTTPResponse? {
        if request.headers[.transferEncoding] != nil {
            return .problem(.lengthRequired, "length_required", "Send the body with Content-Length.")
        }
        guard let length = length(request), length > limit else { return nil }
        return .problem(.payloadTooLarge, "body_too_large", "The body has \(length) bytes; \(limit) may be.")
    }

    /// FlyingFox reads bodies up to this length, in bytes, whether or not a handler does.
    private static let flushedBytes = 2_097_152

    /// Bytes read of a body that nobody wants, so that its sender gets to read the answer instead of a reset connection.
    private static let drainedBytes = 16 << 20

    /// The length of the body; nil where that is not known.
    private static func length(_ request: HTTPRequest) -> Int? {
        guard request.headers[.transferEncoding] == nil else { return nil }
        guard let text = request.headers[.contentLength] else { return 0 }
        return Int(text)
    }

    private static func drain(_ request: HTTPRequest) async {
        guard let length = length(request), length <= drainedBytes else { return }
        do {
            for try await _ in request.bodySequence {}
        } catch {
            // The connection is closed behind the answer anyway.
        }
    }

    private func notFound(_ path: String) -> HTTPResponse {
        let list = routes.map { "\($0.method.rawValue) \($0.path): \($0.summary)" }
        return .json(
            Problem(error: "not_found", message: "There is nothing at \(path).", routes: list), status: .notFound)
    }

    /// A `HEAD` answer has the headers of the `GET`, the length of its body included, and no body (RFC 9110 section 9.3.2).
    private func withoutBody(_ response: HTTPResponse) async throws -> HTTPResponse {
        var head = HTTPResponse(statusCode: response.statusCode, headers: response.headers)
        // A stream has no length, and no end to wait for.
        guard case .httpBody(let body) = response.payload, body.count != nil else { return head }
        head.headers[.contentLength] = String(try await response.bodyData.count)
        return head
    }
}

private struct Problem: Encodable {
    let error: String
    let message: String
    let routes: [String]?
}

extension HTTPResponse {
    /// `{"error":CODE,"message":TEXT}`
    static func problem(_ status: HTTPStatusCode, _ error: String, _ message: String) -> HTTPResponse {
        .json(Problem(error: error, message: message, routes: nil), status: status)
    }

    static func refusal(_ refusal: AccessRefusal) -> HTTPResponse {
        var response = problem(refusal.status, refusal.code, refusal.message)
        if let challenge = refusal.challenge { response.headers[HTTPHeader("WWW-Authenticate")] = challenge }
        return response
    }
}
