/// The body of a request.
package enum HTTPRequestBody: Sendable {
    case received(ReceivedBody)
    /// Not read yet. Call it once, with the longest body to accept, in bytes; throws `HTTPBodyTooLong` beyond it.
    case incoming(@Sendable (Int) async throws -> ReceivedBody)

    func received(upTo limit: Int) async throws -> ReceivedBody {
        switch self {
        case .received(let body):
            guard body.data.count <= limit else { throw HTTPBodyTooLong() }
            return body
        case .incoming(let receive): return try await receive(limit)
        }
    }
}
