import Foundation
import JournalPort
import Signals

/// Dead letters over HTTP: `GET /v1/deadletters` and `/v1/deadletters/{position}`, `POST /v1/deadletters/redrive` and
/// `…/discard` with `{"positions":[…]}`.
public enum DeadLetterRoutes {
    /// 1,000 positions of 20 characters.
    static let bodyLimit = 32 * 1_024

    /// - Parameter answer: has the running engine look at dead letters, or move them.
    public static func make(
        _ answer: @escaping @Sendable (DeadLetterRequest) async -> Result<DeadLetterAnswer, JournalError>
    ) -> [Route] {
        [
            Route(.list) { request in
                guard let after = number(request, "after", or: 0),
                    let limit = number(request, "limit", or: Int64(DeadLetterOperation.pageSize)),
                    (1...Int64(DeadLetterRequest.limit)).contains(limit)
                else { return problem(.badRequest, "bad_parameter", "after is a position, limit is 1 to 1000.") }
                return response(await answer(.list(after: Position(after), limit: Int(limit))))
            },
            Route(.show) { request in
                guard let position = request.target.path().split(separator: "/").last.flatMap({ Int64($0) }) else {
                    return problem(.badRequest, "bad_position", "A position is a whole number.")
                }
                return response(await answer(.show(Position(position))), single: true)
            },
            Route(.redrive) { request in
                await move(request) { response(await answer(.redrive($0))) }
            },
            Route(.discard) { request in
                await move(request) { response(await answer(.discard($0))) }
            },
        ]
    }

    /// Reads the positions. Only JSON is taken: a form on somebody's web page cannot send it.
    private static func move(
        _ request: HTTPRequest, _ body: ([Position]) async -> HTTPResponse
    ) async -> HTTPResponse {
        guard request.headers[.contentType]?.hasPrefix("application/json") == true else {
            return problem(.unsupportedMediaType, "unsupported_media_type", "Send application/json.")
        }
        // What cannot be read is answered like what cannot be understood.
        guard let data = try? await request.bodyData,
            let positions = (try? JSONDecoder().decode(Positions.self, from: data))?.positions, !positions.isEmpty,
            positions.count <= DeadLetterRequest.limit
        else {
            return problem(.badRequest, "bad_body", "Send {\"positions\":[1,2]} with 1 to 1000 positions.")
        }
        return await body(positions.map { Position($0) })
    }

    private struct Positions: Decodable {
        let positions: [Int64]
    }

    private static func number(_ request: HTTPRequest, _ name: String, or standard: Int64) -> Int64? {
        guard let query = QueryString(request.target.query()) else { return nil }
        guard let text = query[name] else { return standard }
        return Int64(text).flatMap { $0 >= 0 ? $0 : nil }
    }

    private static func response(
        _ result: Result<DeadLetterAnswer, JournalError>, single: Bool = false
    ) -> HTTPResponse {
        switch result {
        case .failure(let error): return problem(.serviceUnavailable, error.code.rawValue, error.message)
        case .success(.outcomes(let outcomes)): return json(DeadLetterJSON.outcomes(outcomes))
        case .success(.letters(let letters)) where single:
            guard let letter = letters.first else {
                return problem(.notFound, "not_found", "There is no dead letter at this position.")
            }
            return json(DeadLetterJSON.letter(letter))
        case .success(.letters(let letters)): return json(DeadLetterJSON.list(letters))
        }
    }

    private static func json(_ bytes: [UInt8], status: HTTPStatusCode = .ok) -> HTTPResponse {
        HTTPResponse(
            statusCode: status, headers: [.contentType: "application/json", HTTPHeader("Cache-Control"): "no-store"],
            body: Data(bytes + [UInt8(ascii: "\n")]))
    }

    private static func problem(_ status: HTTPStatusCode, _ error: String, _ message: String) -> HTTPResponse {
        var object = JSONObjectBuilder()
        object.add("error", error)
        object.add("message", message)
        return json(object.finish(), status: status)
    }
}

extension Route {
    fileprivate init(
        _ operation: DeadLetterOperation, handler: @escaping @Sendable (HTTPRequest) async throws -> HTTPResponse
    ) {
        self.init(operation.path, operation.summary, method: operation.method, scope: operation.scope, handler: handler)
    }
}
