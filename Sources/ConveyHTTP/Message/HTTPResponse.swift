import Foundation

/// An answer as handlers make it: a value, and a function where its body is a stream.
struct HTTPResponse: Sendable {
    var statusCode: HTTPStatusCode
    var headers: HTTPHeaders
    var body: HTTPResponseBody

    init(statusCode: HTTPStatusCode, headers: HTTPHeaders = [:], body: Data = Data()) {
        self.statusCode = statusCode
        self.headers = headers
        self.body = .bytes(body)
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
            case .bytes(let data): return data
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

    case bytes(Data)
    case stream(Stream)
}
