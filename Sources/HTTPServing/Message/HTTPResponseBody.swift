/// The body of a response.
package enum HTTPResponseBody: Sendable {
    /// Sends bytes. Returns when the connection has taken them, so that a stream is never faster than its reader.
    package typealias Send = ([UInt8]) async throws -> Void
    /// Writes until it returns, throws, or its task is cancelled because the client has gone.
    package typealias Stream = @Sendable (Send) async throws -> Void

    case bytes([UInt8])
    case stream(Stream)

    /// Its length in bytes; nil for a stream.
    package var count: Int? {
        switch self {
        case .bytes(let bytes): bytes.count
        case .stream: nil
        }
    }
}
