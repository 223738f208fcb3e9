import FlyingFox
import FlyingSocks
import Foundation

/// A body after which the connection is closed: for answers to requests whose own body was not read. What is left of it on
/// the connection would be taken for the next request.
struct ClosingBody: AsyncBufferedSequence {
    typealias Element = UInt8

    private let bytes: [UInt8]

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    func makeAsyncIterator() -> Iterator { Iterator(bytes: bytes) }

    struct Iterator: AsyncBufferedIteratorProtocol {
        fileprivate var bytes: [UInt8]

        mutating func next() async throws -> UInt8? {
            guard !bytes.isEmpty else { throw SocketError.disconnected }
            return bytes.removeFirst()
        }

        mutating func nextBuffer(suggested count: Int) async throws -> [UInt8]? {
            // FlyingFox closes a connection only when sending fails.
            guard !bytes.isEmpty else { throw SocketError.disconnected }
            defer { bytes = [] }
            return bytes
        }
    }
}

extension HTTPResponse {
    /// The same answer, with the end of the connection behind it.
    func closing() async throws -> HTTPResponse {
        let body = Array(try await bodyData)
        var response = HTTPResponse(
            statusCode: statusCode, headers: headers, body: HTTPBodySequence(from: ClosingBody(body), count: body.count)
        )
        response.headers[.connection] = "close"
        return response
    }
}
