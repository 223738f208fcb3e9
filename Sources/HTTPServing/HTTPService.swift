import AnswerMemory
import Foundation
import Glibc
import Logging

/// Serves routes over HTTP/1.1, with TLS or without.
///
/// Unauthorized requests are refused. `HTTPLimits` bounds what clients can cost the service: connections, long or slow requests,
/// and answers that are not read.
package actor HTTPService {
    private enum State {
        case starting(waiting: [CheckedContinuation<UInt16, any Error>])
        case listening(port: UInt16)
        case ended
    }

    private let address: HTTPAddress
    private let listener: HTTPListener
    private let files: HTTPFiles
    private var isStopping = false
    private var hasRun = false
    private var state = State.starting(waiting: [])

    /// - Parameters:
    ///   - address: where to listen; loopback unless the operator says otherwise.
    ///   - access: the access policy; nil allows everyone on this machine.
    ///   - tls: the certificate of the service; nil for loopback and behind a proxy.
    ///   - connectionsPerAddress: see `HTTPLimits`.
    ///   - budget: the memory of all unsent answers, shared with the queries.
    ///   - logger: logs changes of the token and certificate files.
    ///   - routes: creates the routes; receives the numbers of this service, for the metrics.
    /// - Throws: `HTTPServiceError` if the address is not an IP address, or if other machines could reach the service without a
    ///   token.
    package init(
        address: HTTPAddress, access: AccessPolicy? = nil, tls: FileValue<TLSIdentity>? = nil,
        connectionsPerAddress: Int? = nil, budget: AnswerBudget = AnswerBudget(),
        logger: Logger = Logger(label: "http"), routes: (HTTPMeter) -> [Route]
    ) throws {
        var limits = HTTPLimits.standard()
        limits.connectionsPerAddress = connectionsPerAddress
        try self.init(
            address: address, access: access, tls: tls, limits: limits, budget: budget, logger: logger, routes: routes)
    }

    init(
        address: HTTPAddress, access: AccessPolicy?, tls: FileValue<TLSIdentity>?, limits: HTTPLimits,
        budget: AnswerBudget = AnswerBudget(), logger: Logger = Logger(label: "http"), routes: (HTTPMeter) -> [Route]
    ) throws {
        guard Self.isIPAddress(address.host) else {
            throw HTTPServiceError(
                code: .addressInvalid,
                message: "http.address: \"\(address.host)\" is not an IP address; use 127.0.0.1, 0.0.0.0 or [::1]")
        }
        self.address = address
        let policy = if let access { access } else { try AccessPolicy(address: address, tokens: nil) }
        let connections = OpenConnections(limits: limits)
        let refused = RefusedRequests()
        let files = HTTPFiles(tokens: policy.tokens, tls: tls, logger: logger)
        let router = Router(
            routes: routes(HTTPMeter(connections: connections, refused: refused, files: files)), access: policy,
            limits: limits, budget: budget, refused: refused, now: { Int64(Date().timeIntervalSince1970 * 1_000_000) })
        self.files = files
        listener = try HTTPListener(
            address: address, files: files, limits: limits, connections: connections, router: router)
    }

    /// Reads tokens and the certificate again, even if their files look unchanged. An invalid file is logged and changes nothing.
    package nonisolated func reload() { files.refresh(isForced: true) }

    /// Listens and answers until `stop()` is called or the task is cancelled; then it returns. Call it once.
    /// - Throws: `HTTPServiceError` if it cannot listen or the listener fails.
    package func run() async throws {
        guard !isStopping, !hasRun else { return }
        hasRun = true
        do {
            try await listener.run { port in await self.listens(port) }
        } catch {
            let problem = problem(error)
            end(problem)
            if isStopping || Task.isCancelled { return }
            throw problem
        }
        let problem = HTTPServiceError(code: .failed, message: "HTTP on \(address) stopped")
        end(problem)
        if !isStopping, !Task.isCancelled { throw problem }
    }

    /// Closes the listener and streams, gives other answers a moment to finish, and makes `run()` return.
    package func stop() {
        isStopping = true
        listener.stop()
        if !hasRun { end(HTTPServiceError(code: .failed, message: "HTTP on \(address) was stopped")) }
    }

    /// Waits until the service listens and returns the port, which matters for port 0.
    /// - Throws: `HTTPServiceError` if it cannot listen.
    package func waitUntilListening() async throws -> UInt16 {
        switch state {
        case .listening(let port): return port
        case .ended: throw HTTPServiceError(code: .failed, message: "HTTP on \(address) does not listen")
        case .starting(let waiting):
            return try await withCheckedThrowingContinuation { state = .starting(waiting: waiting + [$0]) }
        }
    }

    private func listens(_ port: UInt16) {
        guard case .starting(let waiting) = state else { return }
        state = .listening(port: port)
        for continuation in waiting { continuation.resume(returning: port) }
    }

    private func end(_ problem: HTTPServiceError) {
        if case .starting(let waiting) = state {
            for continuation in waiting { continuation.resume(throwing: problem) }
        }
        state = .ended
    }

    private static func isIPAddress(_ host: String) -> Bool {
        var bytes = in6_addr()
        return inet_pton(AF_INET, host, &bytes) == 1 || inet_pton(AF_INET6, host, &bytes) == 1
    }

    private func problem(_ error: any Error) -> HTTPServiceError {
        if let error = error as? HTTPServiceError { return error }
        guard let code = HTTPListener.systemError(error) else {
            return HTTPServiceError(code: .failed, message: "HTTP on \(address) stopped: \(error)")
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
            let words = String(cString: strerror(code))
            return HTTPServiceError(code: .failed, message: "HTTP on \(address) stopped: \(words)")
        }
    }
}
