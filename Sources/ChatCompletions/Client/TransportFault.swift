import AsyncHTTPClient
import FoundationEssentials
import NIOCore
import NIOSSL
import NIOHTTP1
import NIOHTTPCompression
import NIOPosix

/// What an error of the HTTP client means. Descriptions of these errors are not used where they can hold what was sent:
/// `HTTPClientError` shows header values.
package struct TransportFault: Sendable, Equatable {
    package enum Kind: Sendable {
        /// The URL.
        case config
        case timeout
        case transport
        /// The client was shut down.
        case canceled
    }

    package var kind: Kind
    /// Follows the name of the server: `closed the connection …`.
    package var what: String
    /// A sentence without its full stop.
    package var advice: String?
    /// Whether no connection was made, so that nothing was sent: the server may be there later.
    package var isUnavailable = false

    /// - Parameters:
    ///   - connectTimeout: the client's, for the message.
    ///   - address: what to call the URL in advice.
    package init(_ error: any Error, connectTimeout: Duration, address: String) {
        switch error {
        case let error as HTTPClientError: self.init(error, connectTimeout: connectTimeout, address: address)
        case let error as NIOConnectionError: self.init(error, address: address)
        case let error as IOError: self.init(error, address: address)
        case HTTPParserError.invalidEOFState:
            self.init(.transport, "closed the connection before its reply was complete")
        case is HTTPParserError:
            self.init(.transport, "sent an answer that is not HTTP", "Check the \(address) and its port")
        case NIOHTTPDecompression.DecompressionError.limit:
            self.init(.transport, "sent a compressed answer that is too large")
        case is NIOHTTPDecompression.DecompressionError, is NIOHTTPDecompression.ExtraDecompressionError:
            self.init(.transport, "sent a compressed answer that cannot be read")
        case let error as any NIOSSLFailure:
            let fault = TLSFault(error, address: address)
            self.init(.transport, fault.what, fault.advice)
        case ChannelError.connectTimeout: self.init(connectTimeout: connectTimeout, address: address)
        case is ChannelError: self.init(.transport, "closed the connection before its reply was complete")
        default: self.init(.transport, "could not be used (\(type(of: error)))")
        }
    }

    private init(_ kind: Kind, _ what: String, _ advice: String? = nil, isUnavailable: Bool = false) {
        self.kind = kind
        self.what = what
        self.advice = advice
        self.isUnavailable = isUnavailable
    }

    private init(_ error: HTTPClientError, connectTimeout: Duration, address: String) {
        switch error {
        case .connectTimeout, .tlsHandshakeTimeout: self.init(connectTimeout: connectTimeout, address: address)
        case .getConnectionFromPoolTimeout:
            self.init(
                .timeout, "had no free connection for \(connectTimeout.words): too many requests at once",
                isUnavailable: true)
        case .remoteConnectionClosed, .uncleanShutdown:
            self.init(.transport, "closed the connection before its reply was complete")
        case .cancelled, .alreadyShutdown: self.init(.canceled, "was not asked: the client was shut down")
        // Faults of the request should have been found before it was sent.
        case .invalidURL, .emptyHost, .emptyScheme: self.init(.config, "has a \(address) that cannot be used")
        default: self.init(.transport, "could not be used: \(error.shortDescription)")
        }
    }

    private init(_ error: IOError, address: String) {
        let words = Self.words(errno: error.errnoCode)
        switch error.errnoCode {
        case ECONNREFUSED, EHOSTUNREACH, EHOSTDOWN, ENETUNREACH, ENETDOWN, ETIMEDOUT:
            self.init(
                .transport, "could not be reached: \(words)", Self.unreachableAdvice(address), isUnavailable: true)
        default: self.init(.transport, "broke the connection: \(words)")
        }
    }

    private static func unreachableAdvice(_ address: String) -> String {
        "Check that it runs, and the \(address) and its port"
    }

    private init(_ error: NIOConnectionError, address: String) {
        guard let attempt = error.connectionErrors.first else {
            self.init(
                .transport, "could not be reached: its host name was not found",
                "Check the \(address) and this machine's DNS", isUnavailable: true)
            return
        }
        let reason = (attempt.error as? IOError).map { Self.words(errno: $0.errnoCode) } ?? "no connection"
        self.init(
            .transport, "could not be reached: \(reason)", Self.unreachableAdvice(address), isUnavailable: true)
    }

    private init(connectTimeout: Duration, address: String) {
        self.init(
            .timeout, "could not be reached within \(connectTimeout.words)",
            "Check the \(address) and the firewalls in between", isUnavailable: true)
    }

    private static func words(errno code: CInt) -> String { String(cString: strerror(code)).lowercased() }
}

extension NIOSSLError: NIOSSLFailure {}

extension NIOSSLExtraError: NIOSSLFailure {}

extension BoringSSLError: NIOSSLFailure {}
