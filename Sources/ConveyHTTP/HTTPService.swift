import ConveyRuntime
import FlyingFox
import FlyingSocks
import Foundation
import Glibc

/// Health, readiness, metrics, queries, live events and the page over HTTP.
///
/// Whoever may not is refused, a body may not be too long, and a client that stalls loses its connection. But it speaks no
/// TLS, and FlyingFox sets no limit on the number of connections or on the size of a request's head: put a reverse proxy in
/// front to expose it to strangers.
public actor HTTPService {
    /// How long a handler may take before the client gets a 500.
    static let handlerTimeoutSeconds: TimeInterval = 5
    /// How long `stop()` lets answers under way finish. FlyingFox waits this long even when there are none.
    static let stopTimeoutSeconds: TimeInterval = 0.25

    private let address: HTTPAddress
    private let server: HTTPServer
    private var isStopping = false

    /// Throws `HTTPServiceError` when the address is no IP address, or others could reach it without being asked who they are.
    /// - Parameters:
    ///   - address: where to listen; loopback unless the operator says otherwise.
    ///   - access: who may do what; nil for everybody on this machine.
    ///   - status: the runtime's status now; called for each probe.
    ///   - metrics: the runtime's numbers now; called for each scrape.
    ///   - routes: further routes, asked after the built-in ones.
    public init(
        address: HTTPAddress, access: AccessPolicy? = nil, status: @escaping @Sendable () -> RuntimeStatus,
        metrics: @escaping @Sendable () -> MetricsSnapshot, routes: [Route] = []
    ) throws {
        self.address = address
        let socketAddress = try Self.socketAddress(address)
        let policy = if let access { access } else { try AccessPolicy(address: address, tokens: nil) }
        let router = Router(
            routes: HealthRoutes.make(status: status, metrics: metrics) + routes, access: policy,
            now: { Int64(Date().timeIntervalSince1970 * 1_000_000) })
        server = Self.server(at: socketAddress, router: router)
    }

    /// Listens and answers until `stop()` is called or the task is cancelled; then it returns. Throws
    /// `HTTPServiceError` when it cannot listen or the listener fails.
    public func run() async throws {
        guard !isStopping else { return }
        do {
            try await server.run()
        } catch {
            if isStopping || Task.isCancelled { return }
            throw problem(error)
        }
    }

    /// Closes the listener, lets answers under way finish for a moment, and makes `run()` return.
    public func stop() async {
        isStopping = true
        await server.stop(timeout: Self.stopTimeoutSeconds)
    }

    /// Waits until requests are answered and returns the port, which matters when port 0 was asked for.
    public func waitUntilListening() async throws -> UInt16 {
        try await server.waitUntilListening(timeout: Self.handlerTimeoutSeconds)
        switch await server.listeningAddress {
        case .ip4(_, let port), .ip6(_, let port): return port
        case .unix, nil: return address.port
        }
    }

    private static func socketAddress(_ address: HTTPAddress) throws -> any SocketAddress {
        do {
            if address.host.contains(":") { return try sockaddr_in6.inet6(ip6: address.host, port: address.port) }
            return try sockaddr_in.inet(ip4: address.host, port: address.port)
        } catch {
            throw HTTPServiceError(
                code: .addressInvalid,
                message: "http.address: \"\(address.host)\" is not an IP address; use 127.0.0.1, 0.0.0.0 or [::1]")
        }
    }

    private static func server(at address: some SocketAddress, router: Router) -> HTTPServer {
        // FlyingFox's log repeats what `run()` throws and writes lines for each connection.
        HTTPServer(
            address: address, timeout: handlerTimeoutSeconds, pool: DeadlinePool(HTTPServer.defaultPool()),
            logger: .disabled, handler: router)
    }

    private func problem(_ error: any Error) -> HTTPServiceError {
        guard case SocketError.failed(_, let code, let message) = error else {
            return HTTPServiceError(code: .failed, message: "HTTP on \(address) stopped: \(error.localizedDescription)")
        }
        switch code {
        case EADDRINUSE:
            return HTTPServiceError(
                code: .addressInUse,
                message:
                    "http.address: port \(address.port) is in use; choose another with --http HOST:PORT, or --http off")
        case EADDRNOTAVAIL:
            return HTTPServiceError(
                code: .addressInvalid, message: "http.address: \(address.host) is not an address of this machine")
        case EACCES:
            return HTTPServiceError(
                code: .permissionDenied, message: "http.address: this user may not listen on port \(address.port)")
        default:
            return HTTPServiceError(code: .failed, message: "HTTP on \(address) stopped: \(message)")
        }
    }
}
