import JournalReading

/// Chooses the route of a request and sees that it may be asked: who asks, with which method, with how long a body, and for
/// how long.
struct Router: Sendable {
    let routes: [Route]
    let access: AccessPolicy
    var limits = HTTPLimits()
    /// The memory of all answers on their way.
    var budget = AnswerBudget()
    /// Microseconds since 1970.
    let now: @Sendable () -> Int64

    func handleRequest(_ request: HTTPRequest) async -> HTTPResponse {
        let path = request.target.path()
        // `/{subject}/stream` is asked before `/{subject}/{view}`.
        let found = routes.filter { $0.matches(path) }.sorted { $0.placeholders < $1.placeholders }
        if request.client.isOnReservedPlace, !found.contains(where: \.isForProbes) {
            return .busy("All connections are in use; ask again later.")
        }
        guard let first = found.first else {
            return await guarded(request, scope: .read, bodyLimit: 0) { _, _ in notFound(path) }
        }
        if let route = found.first(where: { $0.method == request.method }) { return await answer(route, request) }
        if request.method == .HEAD, let route = found.first(where: { $0.method == .GET }) {
            return withoutBody(await answer(route, request))
        }
        let allowed = found.flatMap { $0.method == .GET ? ["GET", "HEAD"] : [$0.method.rawValue] }
        return await guarded(request, scope: first.scope, bodyLimit: 0) { _, _ in
            var response = HTTPResponse.problem(
                .methodNotAllowed, "method_not_allowed", "\(first.path) answers \(allowed.joined(separator: " and ")).")
            response.headers[HTTPHeader("Allow")] = allowed.joined(separator: ", ")
            return response
        }
    }

    private func answer(_ route: Route, _ request: HTTPRequest) async -> HTTPResponse {
        await guarded(request, scope: route.scope, bodyLimit: route.bodyLimit) { request, grant in
            // Given back with the answer, if that has been sent or cannot be.
            guard let room = await budget.take(route.room, within: limits.roomTime) else {
                return .busy("Answers that others have not read yet take all memory; ask again later.")
            }
            var response = await inTime { try await route.handler(request, grant) }
            if response.room == nil {
                let bytes = response.body.count ?? 0
                if bytes <= room.bytes || route.isForProbes {
                    room.resize(to: bytes)
                } else if await !room.grow(to: bytes, within: .zero) {
                    return .busy("The answer is long, and there is no memory for it; ask again later.")
                }
                response.room = room
            }
            response.isStillAllowed = { [access, now] in
                if case .allowed = access.decide(request, scope: route.scope, now: now()) { true } else { false }
            }
            return response
        }
    }

    /// Answers if the request may be asked and is not too long. Whoever may not ask does not get a body read.
    private func guarded(
        _ request: HTTPRequest, scope: AccessScope?, bodyLimit: Int,
        _ answer: (HTTPRequest, AccessGrant) async -> HTTPResponse
    ) async -> HTTPResponse {
        var response: HTTPResponse
        switch access.decide(request, scope: scope, now: now()) {
        case .refused(let refusal):
            response = asksForPage(request) && refusal.isAboutToken ? LoginRoutes.redirect(request) : .refusal(refusal)
        case .allowed(let grant):
            switch await received(request, limit: bodyLimit) {
            case .success(let request): response = await answer(request, grant)
            case .failure(let problem): response = problem.response
            }
        }
        // No page may guess another type than the one given, or show an answer inside itself.
        response.headers[HTTPHeader("X-Content-Type-Options")] = "nosniff"
        if response.headers[HTTPHeader("Content-Security-Policy")] == nil {
            response.headers[HTTPHeader("Content-Security-Policy")] = "default-src 'none'; frame-ancestors 'none'"
        }
        return response
    }

    /// A person with a browser is better served with a form than with a status.
    private func asksForPage(_ request: HTTPRequest) -> Bool {
        request.method == .GET && request.headers[HTTPHeader("Accept")]?.contains("text/html") == true
            && routes.contains { $0.path == LoginRoutes.path }
    }

    /// The request with its body; a body that says that it is too long is refused unread.
    private func received(_ request: HTTPRequest, limit: Int) async -> Result<HTTPRequest, BodyProblem> {
        let tooLarge = BodyProblem(.payloadTooLarge, "body_too_large", "The body may have \(limit) bytes.")
        if let length = request.headers[.contentLength].flatMap({ Int($0) }), length > limit {
            return .failure(tooLarge)
        }
        do {
            return .success(try await request.received(upTo: limit))
        } catch is HTTPBodyTooLong {
            return .failure(tooLarge)
        } catch is HTTPBodyHasNoRoom {
            let problem = HTTPResponse.busy("Other requests take all memory; ask again later.")
            return .failure(BodyProblem(response: problem))
        } catch {
            return .failure(BodyProblem(.badRequest, "bad_body", "The body cannot be read, or ends too early."))
        }
    }

    private struct BodyProblem: Error {
        let response: HTTPResponse

        init(response: HTTPResponse) {
            self.response = response
        }

        init(_ status: HTTPStatusCode, _ code: String, _ message: String) {
            response = .problem(status, code, message)
        }
    }

    private func inTime(_ handler: @escaping @Sendable () async throws -> HTTPResponse) async -> HTTPResponse {
        await withTaskGroup(of: HTTPResponse?.self) { group in
            group.addTask {
                do {
                    return try await handler()
                } catch {
                    return .problem(.internalServerError, "internal", "The answer could not be made.")
                }
            }
            group.addTask { [handlerTime = limits.handlerTime] in
                // Cancelled when the answer comes first: then its result is not looked at.
                try? await Task.sleep(for: handlerTime)
                return nil
            }
            defer { group.cancelAll() }
            if let first = await group.next(), let response = first { return response }
            return .problem(.internalServerError, "timeout", "The answer took longer than \(limits.handlerTime).")
        }
    }

    private func notFound(_ path: String) -> HTTPResponse {
        let list = routes.map { "\($0.method.rawValue) \($0.path): \($0.summary)" }
        return .json(
            Problem(error: "not_found", message: "There is nothing at \(path).", routes: list), status: .notFound)
    }

    /// A `HEAD` answer has the headers of the `GET`, the length of its body included, and no body (RFC 9110 section 9.3.2).
    private func withoutBody(_ response: HTTPResponse) -> HTTPResponse {
        var head = HTTPResponse(statusCode: response.statusCode, headers: response.headers)
        // A stream has no length, and no end to wait for.
        if let count = response.body.count { head.headers[.contentLength] = String(count) }
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

    /// Seconds after which somebody who was refused for now should ask again.
    private static let retryAfter = "2"

    /// There is no place or no memory at the moment.
    /// - Parameter seconds: after which to ask again.
    static func busy(_ message: String, retryAfter seconds: String = HTTPResponse.retryAfter) -> HTTPResponse {
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
