import ArgumentParser
import ConveyHTTP
import ConveyQueries
import ConveyRuntime
import ConveySettings
import EffectHandlers
import EmbeddedMosquitto
import Foundation
import Glibc
import HTTPServing
import JournalPort
import Logging
import Observability
import Threads

/// The parts of `convey serve` and the order in which they start and stop: embedded broker, handlers of effects, HTTP,
/// runtime, queries over MQTT; then back.
struct Server {
    private let settings: ServeSettings
    private let store: any JournalStore
    private let session: BrokerSession
    private let logger = Logger(label: "serve")
    private let heartbeats = Heartbeats()
    private let stopGuard: StopGuard
    /// Read before any thread is started, and before a child inherits it.
    private let manager = ServiceManager()

    /// - Throws: `cannotOpen` where the journal's URL cannot be.
    init(_ settings: ServeSettings) throws(JournalError) {
        self.settings = settings
        store = try Journals.store(settings)
        session = makeSession(settings, gate: ConnectionGate(isShared: store.isShared))
        stopGuard = StopGuard(limit: settings.shutdownTimeout, heartbeats: heartbeats, logger: logger)
    }

    /// Runs until a signal comes or a part fails. Returns after a clean stop; throws the exit status of a failure.
    func run() async throws {
        MemoryReturn.configure()
        let signals = TerminationSignals { [stopGuard] in
            stopGuard.arm()
        } onSecond: { [logger] name in
            logger.warning("stopping at once", metadata: ["signal": "\(name)"])
        }
        defer { withExtendedLifetime(signals) {} }
        do {
            try checkDataDirectory()
            let broker = try await startEmbeddedBroker()
            do {
                try await runWithBroker(broker, signals)
            } catch {
                stopGuard.begin("the embedded broker")
                await broker?.stop()
                throw error
            }
            stopGuard.begin("the embedded broker")
            await broker?.stop()
            logger.info("stopped")
        } catch let error as ExitCode {
            throw error
        } catch {
            logger.critical("cannot go on", metadata: ["reason": "\(ErrorWords.text(error))"])
            throw Self.exitStatus(of: error)
        }
    }

    private func runWithBroker(_ broker: EmbeddedBroker?, _ signals: TerminationSignals) async throws {
        let handlers = Handlers(settings, session: session, store: store, heartbeats: heartbeats)
        do {
            try handlers.start()
            try await runWithHandlers(handlers, broker, signals)
        } catch {
            stopGuard.begin("connections to models and tools")
            await handlers.shutDown()
            throw error
        }
        stopGuard.begin("connections to models and tools")
        await handlers.shutDown()
    }

    private func runWithHandlers(
        _ handlers: Handlers, _ broker: EmbeddedBroker?, _ signals: TerminationSignals
    ) async throws {
        let runtime = try makeRuntime(
            settings, session: session, store: store, handlers: handlers, heartbeats: heartbeats)
        handlers.observe { runtime.toolIsAvailable($0) }
        let queries = makeQueries(settings, store: store, heartbeats: heartbeats) { runtime.status }
        let endpoint = try QueryEndpoint(
            session: session, service: queries, replies: runtime.replies,
            logger: Logger(label: "queries"), heartbeats: heartbeats)
        let cluster = ClusterWatch(
            store,
            node: ClusterNode(
                name: settings.node, version: Convey.version, http: settings.httpAddress?.description),
            status: { runtime.status }, logger: Logger(label: "cluster"), heartbeats: heartbeats)
        let watch = HealthWatch(heartbeats, logger: Logger(label: "health")) { [manager] isHealthy in
            manager?.report(runtime.status, isHealthy: isHealthy)
        }
        let http = try settings.httpAddress.map { address in
            try HTTPService(
                address: address, access: settings.httpAccess, tls: settings.httpTLS,
                connectionsPerAddress: settings.httpConnectionsPerAddress, budget: queries.budget,
                logger: Logger(label: "http")
            ) { meter in
                HealthRoutes.make(
                    meter: meter, status: { runtime.status }, metrics: { Self.metrics(of: runtime, queries, handlers) })
                    + routes(runtime, queries, handlers, cluster)
            }
        }
        logger.info(
            "starting",
            metadata: [
                "version": "\(Convey.version)", "node": "\(settings.node)", "data": "\(settings.dataDirectory)",
                "journal": "\(Journals.place(of: store))",
                "broker": "\(settings.broker.address)",
                "http": "\(settings.httpAddress?.description ?? "off")", "model": "\(settings.models.provider)",
                "tools": .stringConvertible(settings.tools.tools.count),
            ])
        for warning in settings.warnings { logger.warning("\(warning)") }
        let reload = ReloadSignal { [logger] in
            logger.notice("SIGHUP: tokens and certificate are read again; other settings need a restart")
            http?.reload()
        }
        defer { withExtendedLifetime(reload) {} }
        let memory = Task { await MemoryReturn.run() }
        defer { memory.cancel() }
        queries.start()
        watch.start()
        cluster.start()
        let (failure, isRuntimeStarted) = await runUntilFirstEnd(runtime, http, endpoint, broker, signals)
        stopGuard.arm()
        manager?.stopping()
        if let failure {
            logger.critical("cannot go on", metadata: ["reason": "\(ErrorWords.text(failure))"])
        }
        stopGuard.begin("queries over MQTT")
        endpoint.stop()
        stopGuard.begin("ingress, effects, engine and outbox")
        if isRuntimeStarted { await runtime.stop(deadline: settings.shutdownTimeout) }
        stopGuard.begin("HTTP")
        await http?.stop()
        stopGuard.begin("queries")
        queries.stop()
        watch.stop()
        cluster.stop()
        if let failure { throw Self.exitStatus(of: failure) }
    }

    /// All HTTP routes except health and metrics.
    private func routes(_ runtime: Runtime, _ queries: QueryService, _ handlers: Handlers, _ cluster: ClusterWatch)
        -> [Route]
    {
        let limit = settings.ingressMaxPayloadBytes
        let signals = SignalEndpoint(runtime: runtime, maximumBytes: limit)
        // Reads need no transaction of an engine.
        let deadLetters = DeadLetterShards(count: { runtime.shardCount }) {
            await queries.deadLetters($0)
        } move: {
            await runtime.move($1, shard: $0)
        }
        var routes =
            QueryRoutes.make(queries) + StreamRoutes.make(runtime.live, queries)
            + SignalRoutes.make(signals, bodyLimit: limit)
            + DeadLetterRoutes.make(deadLetters) + ClusterRoutes.make { cluster.cluster }
            + DocumentRoutes.make(
                version: Convey.version, root: settings.broker.root, broker: DocumentedBroker(settings),
                shards: { runtime.shardCount })
        if let access = settings.httpAccess {
            let sources = PageSources(
                queries: queries, live: runtime.live, signals: signals, messageLimit: limit,
                deadLetters: deadLetters, status: { runtime.status },
                metrics: { Self.metrics(of: runtime, queries, handlers) }, cluster: { cluster.cluster })
            routes += PageRoutes.make(sources, access: access)
        }
        return routes
    }

    /// Runs before anything writes there. The runtime handles transient errors by waiting.
    private func checkDataDirectory() throws {
        do {
            try store.check()
        } catch {
            guard error.isRetriable else { throw error }
            logger.debug("the journal cannot be looked at yet", metadata: ["reason": "\(error)"])
        }
    }

    private func startEmbeddedBroker() async throws -> EmbeddedBroker? {
        guard settings.embeddedBroker else { return nil }
        let broker = EmbeddedBroker(
            port: UInt16(settings.broker.address.port), dataDirectory: settings.dataDirectory,
            logger: Logger(label: "broker"))
        try await broker.start()
        return broker
    }

    /// Starts the parts and waits. Returns the error of the first part that fails, or nil when a signal requests a stop.
    ///
    /// HTTP comes first: a second Convey started by mistake finds the port in use before it takes the first one's broker
    /// session. The other parts continue until they are stopped, so HTTP reports the progress of the stop. Each task ends
    /// with its part, the one for signals with the process.
    private func runUntilFirstEnd(
        _ runtime: Runtime, _ http: HTTPService?, _ endpoint: QueryEndpoint, _ broker: EmbeddedBroker?,
        _ signals: TerminationSignals
    ) async -> (failure: (any Error)?, isRuntimeStarted: Bool) {
        let (events, post) = AsyncStream<Event>.makeStream()
        Task { [logger] in
            if let name = await signals.waitForFirst() { logger.info("stopping", metadata: ["signal": "\(name)"]) }
            post.yield(.ended(nil))
        }
        if let broker { Task { post.yield(.ended(await Self.failure { try await broker.waitForEnd() })) } }
        if let http {
            Task { post.yield(.ended(await Self.failure { try await http.run() })) }
            // When it cannot listen, `run` says why.
            Task { if (try? await http.waitUntilListening()) != nil { post.yield(.listening) } }
        } else {
            post.yield(.listening)
        }
        var isStarted = false
        for await event in events {
            switch event {
            case .ended(let failure): return (failure, isStarted)
            case .listening:
                runtime.start()
                endpoint.start()
                isStarted = true
                Task { post.yield(.ended(await Self.failure { try await runtime.waitForEnd() })) }
            }
        }
        return (nil, isStarted)
    }

    private enum Event: Sendable {
        /// HTTP is up, or not wanted.
        case listening
        /// A part has ended, with its error if it failed.
        case ended((any Error)?)
    }

    private static func failure(_ body: () async throws -> Void) async -> (any Error)? {
        do {
            try await body()
            return nil
        } catch {
            return error
        }
    }

    private static func metrics(
        of runtime: Runtime, _ queries: QueryService, _ handlers: Handlers
    ) -> MetricsSnapshot {
        var metrics = runtime.metrics
        metrics.add(queries.metrics)
        metrics.add(handlers.metrics)
        metrics.version = Convey.version
        metrics.gauges.residentBytes = ProcessMemory.residentBytes()
        metrics.gauges.cpuSeconds = ProcessUsage.cpuSeconds()
        metrics.gauges.startTime = ProcessUsage.startTime
        return metrics
    }

    private static func exitStatus(of error: any Error) -> ExitCode {
        switch error {
        case is EmbeddedBrokerError, is HTTPServiceError: ExitStatus.unavailable
        default: ExitStatus.failed
        }
    }
}
