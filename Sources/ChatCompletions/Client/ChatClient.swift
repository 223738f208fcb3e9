import AsyncHTTPClient
import NIOCore
import NIOPosix
import NIOSSL
import Synchronization

/// Requests chat completions from OpenAI-compatible providers. One per process is enough, because it keeps and reuses
/// connections. Call `shutDown` before releasing it.
public final class ChatClient: Sendable {
    public struct Configuration: Sendable {
        /// For establishing a connection, TLS included. A property of the client because connections are shared.
        public var connectTimeout = Duration.seconds(10)
        /// Connections to one HTTP/1.1 host at once; each carries one stream. Further requests wait, up to
        /// `connectTimeout`.
        public var connectionsPerHost = 1_024
        /// How long an unused connection is kept. Providers close theirs after a minute or more; a request on a
        /// connection that is just being closed fails.
        public var idleConnection = Duration.seconds(30)
        /// A file of PEM certificates that are trusted in addition to the system's.
        public var certificateAuthorities: String?
        public var limits = ChatLimits()
        /// Pieces of a reply are joined for this long, but the first …
        public var coalescingDelay = Duration.milliseconds(50)
        /// … or until they have this many bytes.
        public var coalescingBytes = 256

        public init() {}
    }

    let configuration: Configuration
    private let http: HTTPClient
    private let texts = ReplyTextBudget()

    public init(configuration: Configuration = Configuration()) {
        self.configuration = configuration
        var pool = HTTPClient.Configuration.ConnectionPool(
            idleTimeout: TimeAmount(configuration.idleConnection),
            concurrentHTTP1ConnectionsPerHostSoftLimit: configuration.connectionsPerHost)
        // A refused connection is reported at once: the next provider, or the effect's next attempt, is the retry.
        pool.retryConnectionEstablishment = false
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.minimumTLSVersion = .tlsv12
        if let file = configuration.certificateAuthorities { tls.additionalTrustRoots = [.file(file)] }
        let http = HTTPClient.Configuration(
            tlsConfiguration: tls, redirectConfiguration: .disallow,
            timeout: .init(connect: TimeAmount(configuration.connectTimeout)), connectionPool: pool,
            // Some servers compress unasked.
            decompression: .enabled(limit: .size(configuration.limits.streamBytes)))
        self.http = HTTPClient(
            eventLoopGroupProvider: .shared(MultiThreadedEventLoopGroup.singleton), configuration: http)
    }

    /// Ends running requests and closes all connections.
    public func shutDown() async {
        // A second call fails, but then nothing is left to do.
        try? await http.shutdown()
    }

    /// Calls one provider and emits its reply as it arrives. Returns after the last `emit`.
    ///
    /// If the task is cancelled, the connection is closed at once, even while `emit` runs. A reply that is not streamed
    /// (because of the request or of the provider) is emitted in one piece.
    ///
    /// - Parameter emit: called by this task for one piece after another. While it runs, pieces accumulate; beyond
    ///   `ChatLimits.backlogBytes` the provider is slowed down.
    /// - Throws: `ChatFailure`, after everything received before it was emitted; `CancellationError`; errors of `emit`.
    public func run(
        _ request: ChatRequest, provider: ChatProvider, timeouts: ChatTimeouts = ChatTimeouts(),
        emit: (ChatDelta) async throws -> Void
    ) async throws -> ChatOutcome {
        // Otherwise the HTTP client would first send the request and only then notice the cancellation.
        try Task.checkCancellation()
        let prepared = try httpRequest(request, provider: provider)
        let wire = ChatWire(
            exchange: ChatExchange(
                request: request, provider: provider, timeouts: timeouts, limits: configuration.limits,
                coalescer: DeltaCoalescer(delay: configuration.coalescingDelay, bytes: configuration.coalescingBytes),
                budget: texts, now: .now))
        return try await withThrowingTaskGroup(of: Void.self) { group in
            // Also ends the reader when `emit` throws.
            defer { group.cancelAll() }
            group.addTask { await self.read(prepared, provider: provider, into: wire) }
            return try await Self.deliver(wire, on: http.eventLoopGroup.any(), emit: emit)
        }
    }

    /// Carries out the exchange's steps until its end.
    private static func deliver(
        _ wire: ChatWire, on eventLoop: any EventLoop, emit: (ChatDelta) async throws -> Void
    ) async throws -> ChatOutcome {
        var wakes = wire.wakes.makeAsyncIterator()
        var alarm: (at: ContinuousClock.Instant, task: Scheduled<Void>)?
        defer { alarm?.task.cancel() }
        while true {
            try Task.checkCancellation()
            let now = ContinuousClock.now
            switch wire.exchange.withLock({ $0.next(now: now) }) {
            case .emit(let delta, let resumesReader):
                if resumesReader { wire.resumeReader() }
                try await emit(delta)
            case .wait(let duration):
                // An alarm that rings too early does no harm.
                if alarm.map({ $0.at <= now || $0.at > now + duration }) ?? true {
                    alarm?.task.cancel()
                    alarm = (now + duration, eventLoop.scheduleTask(in: TimeAmount(duration)) { wire.wakeEmitter() })
                }
                _ = await wakes.next()
            case .end(let result): return try result.get()
            }
        }
    }

    /// Feeds the provider's data to the exchange. Ends early if the task is cancelled, which closes the connection.
    private func read(_ request: HTTPClientRequest, provider: ChatProvider, into wire: ChatWire) async {
        defer { wire.wakeEmitter() }
        do {
            var resumes = wire.resumes.makeAsyncIterator()
            // The exchange enforces the time limits.
            let response = try await http.execute(request, deadline: .distantFuture)
            let head = ReplyHead(response)
            wire.exchange.withLock { $0.received(head: head, now: .now) }
            wire.wakeEmitter()
            for try await buffer in response.body {
                let (reading, wakes) = buffer.withUnsafeReadableBytes { bytes in
                    wire.exchange.withLock { exchange in
                        let now = ContinuousClock.now
                        return (exchange.received(bytes, now: now), exchange.wakesEmitter(now: now))
                    }
                }
                if wakes { wire.wakeEmitter() }
                switch reading {
                case .goOn: break
                case .pause: _ = await resumes.next()
                case .stop: return
                }
            }
            // A cancelled body may end instead of failing.
            try Task.checkCancellation()
            wire.exchange.withLock { $0.receivedEnd(now: .now) }
        } catch {
            // The exchange is no longer used.
            if error is CancellationError, Task.isCancelled { return }
            let failure = provider.failure(ofTransport: error, connectTimeout: configuration.connectTimeout)
            wire.exchange.withLock { $0.failed(failure) }
        }
    }

    private func httpRequest(
        _ request: ChatRequest, provider: ChatProvider
    ) throws(ChatFailure) -> HTTPClientRequest {
        var result = HTTPClientRequest(url: provider.endpoint.url)
        result.method = .POST
        result.headers.add(name: "Content-Type", value: "application/json")
        result.headers.add(name: "Accept", value: request.stream ? "text/event-stream" : "application/json")
        result.headers.add(name: "Accept-Encoding", value: ContentEncoding.none)
        result.headers.add(name: "User-Agent", value: "convey")
        if let key = provider.apiKey { result.headers.add(name: "Authorization", value: "Bearer \(key.reveal())") }
        if let organization = provider.organization {
            result.headers.add(name: "OpenAI-Organization", value: organization)
        }
        if let key = request.idempotencyKey {
            guard HeaderText.isValue(key) else {
                throw ChatFailure(.config, "the idempotency key contains a control character")
            }
            result.headers.add(name: "Idempotency-Key", value: key)
        }
        for header in provider.headers { result.headers.add(name: header.name, value: header.value.reveal()) }
        result.body = .bytes(ByteBuffer(bytes: try request.encoded(for: provider, limits: configuration.limits)))
        return result
    }
}
