import AnswerMemory

/// Finds the route of a request and enforces its conditions: access, method, size of the body, memory and time.
struct Router: Sendable {
    private let table: RouteTable
    private let access: AccessPolicy
    private let limits: HTTPLimits
    /// The memory of all unsent answers.
    let budget: AnswerBudget
    let refused: RefusedRequests
    /// Microseconds since 1970.
    private let now: @Sendable () -> Int64

    init(
        routes: [Route], access: AccessPolicy, limits: HTTPLimits = HTTPLimits(),
        budget: AnswerBudget = AnswerBudget(), refused: RefusedRequests = RefusedRequests(),
        now: @escaping @Sendable () -> Int64
    ) {
        table = RouteTable(routes)
        self.access = access
        self.limits = limits
        self.budget = budget
        self.refused = refused
        self.now = now
    }

    func handleRequest(_ request: HTTPRequest) async -> HTTPResponse {
        let path = request.target.path()
        let found = table.routes(for: path)
        let response = await answer(request, path, found)
        // 503 is a valid result of a probe.
        let isFinding = response.statusCode == .serviceUnavailable && found.contains(where: \.isForProbes)
        if response.statusCode.code >= 400, !isFinding { refused.count(status: response.statusCode.code) }
        return response
    }

    private func answer(_ request: HTTPRequest, _ path: String, _ found: [Route]) async -> HTTPResponse {
        if request.client.isOnReservedPlace, !found.contains(where: \.isForProbes) {
            return .busy("All connections are in use; ask again later.")
        }
        guard let first = found.first else {
            return await guarded(request, scope: .read, bodyLimit: nil) { _, _ in notFound(path) }
        }
        if let route = found.first(where: { $0.method == request.method }) { return await answer(route, request) }
        if request.method == .HEAD, let route = found.first(where: { $0.method == .GET }) {
            return withoutBody(await answer(route, request))
        }
        let allowed = found.flatMap { $0.method == .GET ? ["GET", "HEAD"] : [$0.method.rawValue] }
        return await guarded(request, scope: first.scope, bodyLimit: nil) { _, _ in
            var response = HTTPResponse.problem(
                .methodNotAllowed, "method_not_allowed", "\(first.path) answers \(allowed.joined(separator: " and ")).")
            response.headers[HTTPHeader("Allow")] = allowed.joined(separator: ", ")
            return response
        }
    }

    private func answer(_ route: Route, _ request: HTTPRequest) async -> HTTPResponse {
        await guarded(request, scope: route.scope, bodyLimit: route.bodyLimit) { request, grant in
            if let refusal = refusal(of: request, route) { return refusal }
            // Released with the response, after it was sent or could not be.
            guard let room = await budget.take(route.room, within: limits.roomTime) else {
                return .busy("Unread answers of other clients use all memory; ask again later.")
            }
            var response = await inTime { try await route.handler(request, grant) }
            if response.room == nil {
                let bytes = response.body.count ?? 0
                if bytes <= room.bytes || route.isForProbes {
                    room.resize(to: bytes)
                } else if await !room.grow(to: bytes, within: .zero) {
                    return .busy("There is not enough memory for this long answer; ask again later.")
                }
                response.room = room
            }
            response.isStillAllowed = { [access, now] in
                if case .allowed = access.decide(request, scope: route.scope, now: now()) { true } else { false }
            }
            return response
        }
    }

    /// The answer to a query string with parameters that the route does not have: they are refused instead of ignored,
    /// so that a misspelled `limit` does not look like a wrong answer.
    private func refusal(of request: HTTPRequest, _ route: Route) -> HTTPResponse? {
        guard let known = route.parameters else { return nil }
        guard let query = QueryString(request.target.query()) else {
            return .problem(.badRequest, "parameter_invalid", "The query string is not percent-encoded UTF-8.")
        }
        guard let unknown = query.items.first(where: { !known.contains($0.name) }) else { return nil }
        let words = known.isEmpty ? "it has none" : "it has \(known.joined(separator: ", "))"
        return .problem(
            .badRequest, "parameter_unknown", "\(route.path) has no parameter \(unknown.name.prefix(64)); \(words).")
    }

    /// Answers an authorized request whose body is short enough. The body of an unauthorized request is not read.
    /// - Parameter bodyLimit: the longest body, in bytes; nil if no body is read because no route accepts one.
    private func guarded(
        _ request: HTTPRequest, scope: AccessScope?, bodyLimit: Int?,
        _ answer: (HTTPRequest, AccessGrant) async -> HTTPResponse
    ) async -> HTTPResponse {
        var response: HTTPResponse
        switch access.decide(request, scope: scope, now: now()) {
        case .refused(let refusal): response = signIn(request, refusal) ?? .refusal(refusal)
        case .allowed(let grant):
            guard let bodyLimit else {
                response = await answer(request, grant)
                break
            }
            switch await received(request, limit: bodyLimit) {
            case .success(let request): response = await answer(request, grant)
            case .failure(let problem): response = problem.response
            }
        }
        // Browsers must not guess another content type, nor show a response inside another page.
        response.headers[HTTPHeader("X-Content-Type-Options")] = "nosniff"
        if response.headers[HTTPHeader("Content-Security-Policy")] == nil {
            response.headers[HTTPHeader("Content-Security-Policy")] = "default-src 'none'; frame-ancestors 'none'"
        }
        return response
    }

    /// Sends a browser to the sign-in page and back; nil for other clients, which get the status.
    private func signIn(_ request: HTTPRequest, _ refusal: AccessRefusal) -> HTTPResponse? {
        guard let path = table.signInPath, refusal.isAboutToken, request.method == .GET,
            request.headers[HTTPHeader("Accept")]?.contains("text/html") == true
        else { return nil }
        return .redirect(to: "\(path)?to=\(QueryString.encoded(request.target.rawValue))")
    }

    /// The request with its body. A body whose announced length is over the limit is refused unread.
    private func received(_ request: HTTPRequest, limit: Int) async -> Result<HTTPRequest, BodyProblem> {
        let tooLarge = BodyProblem(.payloadTooLarge, "body_too_large", "The body is limited to \(limit) bytes.")
        if let length = request.headers[.contentLength].flatMap({ Int($0) }), length > limit {
            return .failure(tooLarge)
        }
        do {
            return .success(try await request.received(upTo: limit))
        } catch is HTTPBodyTooLong {
            return .failure(tooLarge)
        } catch is HTTPBodyHasNoRoom {
            let problem = HTTPResponse.busy("Other requests use all memory; ask again later.")
            return .failure(BodyProblem(response: problem))
        } catch {
            return .failure(BodyProblem(.badRequest, "bad_body", "The body cannot be read or ends too early."))
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
                    return .problem(.internalServerError, "internal", "The answer could not be created.")
                }
            }
            group.addTask { [handlerTime = limits.handlerTime] in
                // Cancelled when the handler returns first; the result is then ignored.
                try? await Task.sleep(for: handlerTime)
                return nil
            }
            defer { group.cancelAll() }
            if let first = await group.next(), let response = first { return response }
            return .problem(.internalServerError, "timeout", "The answer took longer than \(limits.handlerTime).")
        }
    }

    private func notFound(_ path: String) -> HTTPResponse {
        .problem(.notFound, "not_found", "There is nothing at \(path).", routes: table.lines)
    }

    /// A `HEAD` response has the headers of the `GET`, `Content-Length` included, and no body (RFC 9110, section 9.3.2).
    private func withoutBody(_ response: HTTPResponse) -> HTTPResponse {
        var head = HTTPResponse(statusCode: response.statusCode, headers: response.headers)
        // A stream has no length, and its handler must not be waited for.
        if let count = response.body.count { head.headers[.contentLength] = String(count) }
        return head
    }
}
