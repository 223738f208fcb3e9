import AnswerMemory
import Foundation

/// The body of a request.
package enum HTTPRequestBody: Sendable {
    case received(ReceivedBody)
    /// Not read yet. To be called once, with the longest body to accept, in bytes; throws `HTTPBodyTooLong` beyond it.
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

/// A complete body and the memory that is reserved for it.
package struct ReceivedBody: Sendable {
    package let data: Data
    package let room: AnswerRoom?

    package init(data: Data = Data(), room: AnswerRoom? = nil) {
        self.data = data
        self.room = room
    }
}

/// A body is longer than its route accepts.
struct HTTPBodyTooLong: Error {}

/// The bodies of other requests use all memory for bodies.
struct HTTPBodyHasNoRoom: Error {}
