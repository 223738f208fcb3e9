import AsyncHTTPClient
import FoundationEssentials
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

extension ChatProvider {
    /// What an error of the HTTP client means. Descriptions of these errors are not used where they can hold what was
    /// sent: `HTTPClientError` shows header values.
    func failure(ofTransport error: any Error, connectTimeout: Duration) -> ChatFailure {
        switch error {
        case let failure as ChatFailure: failure
        case let error as HTTPClientError: failure(of: error, connectTimeout: connectTimeout)
        case let error as NIOConnectionError: failure(of: error)
        case let error as IOError:
            failure(.transport, "broke the connection: \(Self.words(errno: error.errnoCode))")
        case HTTPParserError.invalidEOFState:
            failure(.transport, "closed the connection before its reply was complete")
        case is HTTPParserError:
            failure(
                .transport, "sent an answer that is no HTTP", advice: "Check the base URL and its port")
        case let error as any NIOSSLFailure:
            failure(
                .transport, "could not be reached over TLS: \(ProviderText.clean("\(error)", secrets: secrets))",
                advice: "Check the base URL (https or http), and that the server's certificate is valid for its host")
        case ChannelError.connectTimeout: connectTimedOut(connectTimeout)
        case is ChannelError: failure(.transport, "closed the connection before its reply was complete")
        default: failure(.transport, "could not be talked to (\(type(of: error)))")
        }
    }

    private func failure(of error: HTTPClientError, connectTimeout: Duration) -> ChatFailure {
        switch error {
        case .connectTimeout, .tlsHandshakeTimeout: connectTimedOut(connectTimeout)
        case .getConnectionFromPoolTimeout:
            failure(.timeout, "had no free connection for \(connectTimeout.words): too many requests at once")
        case .remoteConnectionClosed, .uncleanShutdown:
            failure(.transport, "closed the connection before its reply was complete")
        case .cancelled, .alreadyShutdown: failure(.canceled, "was not asked: the client was shut down")
        // What is wrong with the request should have been found before it was sent.
        case .invalidURL, .emptyHost, .emptyScheme: failure(.config, "has a base URL that cannot be used")
        default: failure(.transport, "could not be talked to: \(error.shortDescription)")
        }
    }

    private func failure(of error: NIOConnectionError) -> ChatFailure {
        guard let attempt = error.connectionErrors.first else {
            return failure(
                .transport, "could not be reached: its host name was not found",
                advice: "Check the base URL and this machine's DNS")
        }
        let reason = (attempt.error as? IOError).map { Self.words(errno: $0.errnoCode) } ?? "no connection"
        return failure(
            .transport, "could not be reached: \(reason)", advice: "Check that it runs, and the base URL and its port")
    }

    private func connectTimedOut(_ limit: Duration) -> ChatFailure {
        failure(
            .timeout, "could not be reached within \(limit.words)",
            advice: "Check the base URL, and that no firewall stands between")
    }

    private static func words(errno code: CInt) -> String { String(cString: strerror(code)).lowercased() }
}

/// Errors of TLS. Their descriptions hold no application data.
protocol NIOSSLFailure: Error {}
extension NIOSSLError: NIOSSLFailure {}
extension NIOSSLExtraError: NIOSSLFailure {}
extension BoringSSLError: NIOSSLFailure {}
