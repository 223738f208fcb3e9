import Foundation
import HTTPServing
import JournalPort
import Signals

/// Dead letters over HTTP: `GET /v1/deadletters` and `/v1/deadletters/{position}`, `POST /v1/deadletters/redrive` and
/// `…/discard` with `{"positions":[…]}`. With several shards, a position is a text such as `"2.1834"`.
package enum DeadLetterRoutes {
    /// 1,000 positions of 24 characters with their quotes.
    static let bodyLimit = 32 * 1_024

    /// - Parameter letters: the dead letters of the running service.
    package static func make(_ letters: DeadLetterShards) -> [Route] {
        [
            Route(.list) { request in
                guard let after = position(request, "after", shards: letters.shards),
                    let limit = number(request, "limit", or: Int64(DeadLetterOperation.pageSize)),
                    (1...Int64(DeadLetterMove.limit)).contains(limit),
                    let selection = DeadLetterSelection(QueryString(request.target.query())?["reason"])
                else {
                    return .problem(
                        .badRequest, "bad_parameter",
                        "after is a position, limit is 1 to 1000, reason is one of "
                            + DeadLetterSelection.words.joined(separator: ", ") + ".")
                }
                return await answer { () async throws(JournalError) in
                    let found = try await letters.list(selection, after: after, limit: Int(limit))
                    return .json(encoded: DeadLetterJSON.list(found, shards: letters.shards))
                }
            },
            Route(.show) { request in
                let text = request.target.path().split(separator: "/").last ?? ""
                let shards = letters.shards
                guard let place = ShardPosition(text, shards: shards) else {
                    return .problem(
                        .badRequest, "bad_position",
                        shards == 1 ? "A position is a whole number." : "A position is SHARD.POSITION, such as 2.1834.")
                }
                return await answer { () async throws(JournalError) in
                    guard let letter = try await letters.show(place) else {
                        return .problem(.notFound, "not_found", "There is no dead letter at this position.")
                    }
                    return .json(encoded: DeadLetterJSON.letter(letter, shards: shards))
                }
            },
            Route(.redrive) { await move(.redrive, letters, $0) },
            Route(.discard) { await move(.discard, letters, $0) },
        ]
    }

    /// Only JSON is accepted: a form on a foreign web page cannot send it.
    private static func move(
        _ action: DeadLetterMove.Action, _ letters: DeadLetterShards, _ request: HTTPRequest
    ) async -> HTTPResponse {
        guard request.headers[.contentType]?.hasPrefix("application/json") == true else {
            return .problem(.unsupportedMediaType, "unsupported_media_type", "Send application/json.")
        }
        let shards = letters.shards
        // A body that cannot be received gets the same answer as an invalid one.
        guard let data = try? await request.bodyData,
            let texts = (try? JSONDecoder().decode(Positions.self, from: data))?.positions.map(\.text), !texts.isEmpty,
            texts.count <= DeadLetterMove.limit
        else { return badBody(shards: shards) }
        let places = texts.compactMap { ShardPosition($0, shards: shards) }
        guard places.count == texts.count else { return badBody(shards: shards) }
        return await answer { () async throws(JournalError) in
            .json(encoded: DeadLetterJSON.outcomes(try await letters.move(action, places), shards: shards))
        }
    }

    private static func badBody(shards: Int) -> HTTPResponse {
        let example = shards == 1 ? "[1,2]" : "[\"0.1\",\"2.1834\"]"
        return .problem(.badRequest, "bad_body", "Send {\"positions\":\(example)} with 1 to 1000 positions.")
    }

    private struct Positions: Decodable {
        let positions: [PositionText]
    }

    /// A position in a request: a number, or with several shards a text.
    private struct PositionText: Decodable {
        let text: String

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let number = try? container.decode(Int64.self) {
                text = String(number)
            } else {
                text = try container.decode(String.self)
            }
        }
    }

    private static func number(_ request: HTTPRequest, _ name: String, or standard: Int64) -> Int64? {
        guard let query = QueryString(request.target.query()) else { return nil }
        guard let text = query[name] else { return standard }
        return Int64(text).flatMap { $0 >= 0 ? $0 : nil }
    }

    /// The position in a parameter; the start if it is absent; nil for anything else.
    private static func position(_ request: HTTPRequest, _ name: String, shards: Int) -> ShardPosition? {
        guard let query = QueryString(request.target.query()) else { return nil }
        guard let text = query[name], text != "0" else { return .start }
        return ShardPosition(text, shards: shards)
    }

    private static func answer(_ body: () async throws(JournalError) -> HTTPResponse) async -> HTTPResponse {
        do {
            return try await body()
        } catch {
            return .problem(.serviceUnavailable, error.code.rawValue, error.message)
        }
    }
}

extension Route {
    fileprivate init(
        _ operation: DeadLetterOperation, handler: @escaping @Sendable (HTTPRequest) async throws -> HTTPResponse
    ) {
        self.init(
            operation.path, operation.summary, method: operation.method, scope: operation.scope,
            parameters: operation.parameters, handler: handler)
    }
}
