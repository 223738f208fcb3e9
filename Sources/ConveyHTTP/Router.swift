import FlyingFox

/// Chooses the route of a request. Unlike FlyingFox's own routing it answers `HEAD`, says 405 for a wrong method, and
/// lists what there is when a path is unknown.
struct Router: HTTPHandler {
    let routes: [Route]

    func handleRequest(_ request: HTTPRequest) async throws -> HTTPResponse {
        let path = request.target.path()
        let found = routes.filter { $0.matches(path) }
        guard let first = found.first else { return notFound(path) }
        if let route = found.first(where: { $0.method == request.method }) { return try await route.handler(request) }
        if request.method == .HEAD, let route = found.first(where: { $0.method == .GET }) {
            return try await withoutBody(route.handler(request))
        }
        let allowed = found.flatMap { $0.method == .GET ? ["GET", "HEAD"] : [$0.method.rawValue] }
        var response = HTTPResponse.json(
            Problem(
                error: "method_not_allowed",
                message: "\(first.path) answers \(allowed.joined(separator: " and ")).", routes: nil),
            status: .methodNotAllowed)
        response.headers[HTTPHeader("Allow")] = allowed.joined(separator: ", ")
        return response
    }

    private func notFound(_ path: String) -> HTTPResponse {
        let list = routes.map { "\($0.method.rawValue) \($0.path): \($0.summary)" }
        return .json(
            Problem(error: "not_found", message: "There is nothing at \(path).", routes: list), status: .notFound)
    }

    /// A `HEAD` answer has the headers of the `GET`, the length of its body included, and no body (RFC 9110 section 9.3.2).
    private func withoutBody(_ response: HTTPResponse) async throws -> HTTPResponse {
        var head = HTTPResponse(statusCode: response.statusCode, headers: response.headers)
        head.headers[.contentLength] = String(try await response.bodyData.count)
        return head
    }
}

private struct Problem: Encodable {
    let error: String
    let message: String
    let routes: [String]?
}
