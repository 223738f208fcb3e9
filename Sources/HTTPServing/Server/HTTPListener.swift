import HummingbirdCore
import HummingbirdTLS
import Logging
import NIOCore
import NIOPosix

/// The listening socket and its connections, on the event loops that are shared with calls to models and tools. Only this folder
/// uses HummingbirdCore and NIO (ADR 25).
final class HTTPListener: Sendable {
    private let address: HTTPAddress
    private let limits: HTTPLimits
    private let channel: ConnectionChannel
    private let connections: OpenConnections
    private let files: HTTPFiles
    private let stops: AsyncStream<Void>
    private let stopping: AsyncStream<Void>.Continuation

    /// - Throws: `HTTPServiceError` if TLS cannot be set up.
    init(
        address: HTTPAddress, files: HTTPFiles, limits: HTTPLimits, connections: OpenConnections, router: Router
    ) throws(HTTPServiceError) {
        self.address = address
        self.limits = limits
        self.connections = connections
        self.files = files
        (stops, stopping) = AsyncStream.makeStream()
        let responder = Responder(
            router: router, isEncrypted: files.tls != nil, limits: limits, connections: connections)
        let http = HTTP1Channel(
            responder: { try await responder.respond($0, $1, $2) },
            configuration: HTTP1Channel.Configuration(
                idleTimeout: TimeAmount(limits.idleTime),
                httpDecoderConfiguration: HTTP1Channel.Configuration.DecoderConfiguration(
                    maxHeaderFieldSize: limits.headFieldBytes, maxHeaderListSize: limits.headBytes,
                    maxHeaderFieldCount: limits.headFields)))
        var base = ConnectionChannel.Base.plain(http)
        if let tls = files.tls {
            do {
                base = .encrypted(try TLSBase(http, tls))
            } catch {
                throw HTTPServiceError(code: .failed, message: "http.tls: \(error)")
            }
        }
        channel = ConnectionChannel(
            base: base, limits: limits, connections: connections, budget: router.budget, refused: router.refused)
    }

    /// Listens and answers until `stop()` is called or the task is cancelled. Call it once.
    /// - Parameter isListening: called with the port.
    /// - Throws: `IOError` if it cannot listen.
    func run(isListening: @escaping @Sendable (UInt16) async -> Void) async throws {
        let server = Server(
            childChannelSetup: channel,
            configuration: ServerConfiguration(
                address: .hostname(address.host, port: Int(address.port)),
                availableConnectionsDelegate: .maximum(
                    limits.connections + limits.reservedConnections, logger: Self.silence)),
            onServerRunning: { [address] channel in
                await isListening(channel.localAddress?.port.flatMap { UInt16(exactly: $0) } ?? address.port)
            },
            eventLoopGroup: MultiThreadedEventLoopGroup.singleton, logger: Self.silence)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.run() }
            group.addTask { try await self.end(server) }
            group.addTask { await self.lookAtFiles() }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    /// Closes the listener and streams, gives other answers a moment to finish, and makes `run` return.
    func stop() { stopping.finish() }

    /// Applies changed files, also to open streams. Ends with its task.
    private func lookAtFiles() async {
        while (try? await Task.sleep(for: HTTPFiles.pace)) != nil {
            files.refresh()
            connections.closeForbiddenStreams()
        }
    }

    /// Waits for a stop or cancellation, then closes every connection.
    private func end(_ server: Server<ConnectionChannel>) async throws {
        defer { connections.closeAll() }
        for await _ in stops {}
        if Task.isCancelled { return }
        connections.closeStreams()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.shutdownGracefully() }
            // Cancelled when all connections are closed.
            try? await Task.sleep(for: limits.stopTime)
            connections.closeAll()
            try await group.waitForAll()
        }
    }

    /// The errno of a system error, such as `EADDRINUSE`; nil for other errors.
    static func systemError(_ error: any Error) -> CInt? { (error as? IOError)?.errnoCode }

    /// HummingbirdCore logs every connection, and also the errors that `run` throws.
    private static let silence = Logger(label: "http") { _ in SwiftLogNoOpLogHandler() }
}
