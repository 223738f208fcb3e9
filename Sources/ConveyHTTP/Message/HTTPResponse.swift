import Foundation
import JournalReading

/// An answer as handlers make it: a value, and a function where its body is a stream.
struct HTTPResponse: Sendable {
    var statusCode: HTTPStatusCode
    var headers: HTTPHeaders
    var body: HTTPResponseBody
    /// What the body counts for until it has been sent.
    var room: AnswerRoom?
    /// Whether its client may still have a stream; asked now and then while it is open.
    var isStillAllowed: @Sendable () -> Bool = { true }

    init(statusCode: HTTPStatusCode, headers: HTTPHeaders = [:], body: Data = Data()) {
        self.init(statusCode: statusCode, headers: headers, bytes: Array(body), room: nil)
    }

    /// - Parameter room: of the bytes.
    init(statusCode: HTTPStatusCode, headers: HTTPHeaders, bytes: [UInt8], room: AnswerRoom?) {
        self.statusCode = statusCode
        self.headers = headers
        body = .bytes(bytes)
        self.room = room
    }

    init(statusCode: HTTPStatusCode, headers: HTTPHeaders, stream: @escaping HTTPResponseBody.Stream) {
        self.statusCode = statusCode
        self.headers = headers
        body = .stream(stream)
    }

    /// The whole body; of a stream all until its end.
    var bodyData: Data {
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

/// The body of an answer.
enum HTTPResponseBody: Sendable {
    /// Sends bytes; returns when the connection has taken them, so that whoever writes waits for who reads.
    typealias Send = ([UInt8]) async throws -> Void
    /// Writes until it returns, throws, or its task is cancelled because nobody listens any more.
    typealias Stream = @Sendable (Send) async throws -> Void

    case bytes([UInt8])
    case stream(Stream)

    /// In bytes; nil for a stream.
    var count: Int? {
        switch self {
        case .bytes(let bytes): bytes.count
        case .stream: nil
        }
    }
}
