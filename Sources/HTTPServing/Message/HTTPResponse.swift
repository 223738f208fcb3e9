import AnswerMemory
import Foundation

/// A response in the form that handlers create: a value, with a function if its body is a stream.
package struct HTTPResponse: Sendable {
    package var statusCode: HTTPStatusCode
    package var headers: HTTPHeaders
    package var body: HTTPResponseBody
    /// The memory that is reserved for the body until it has been sent.
    package var room: AnswerRoom?
    /// Whether the client may still receive a stream; checked from time to time while it is open.
    package var isStillAllowed: @Sendable () -> Bool = { true }

    package init(statusCode: HTTPStatusCode, headers: HTTPHeaders = [:], body: Data = Data()) {
        self.init(statusCode: statusCode, headers: headers, bytes: Array(body), room: nil)
    }

    /// - Parameter room: the memory reserved for the bytes.
    package init(statusCode: HTTPStatusCode, headers: HTTPHeaders, bytes: [UInt8], room: AnswerRoom?) {
        self.statusCode = statusCode
        self.headers = headers
        body = .bytes(bytes)
        self.room = room
    }

    package init(statusCode: HTTPStatusCode, headers: HTTPHeaders, stream: @escaping HTTPResponseBody.Stream) {
        self.statusCode = statusCode
        self.headers = headers
        body = .stream(stream)
    }

    /// The complete body; a stream is read to its end.
    package var bodyData: Data {
        get async throws {
            switch body {
            case .bytes(let bytes): return Data(bytes)
            case .stream(let write):
                var data = Data()
                try await write { data += $0 }
                return data
            }
        }
    }
}
