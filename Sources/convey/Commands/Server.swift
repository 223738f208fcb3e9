import ArgumentParser
import ConveyHTTP
import ConveyRuntime
import Foundation
import Glibc
import Logging

/// The parts of `convey serve` and the order in which they start and stop: embedded broker, runtime, HTTP; then back.
struct Server {
    private let settings: ServeSettings
    private let logger = Logger(label: "serve")

    init(_ settings: ServeSettings) {
        self.settings = settings
    }

    /// Runs until a signal comes or a part fails. Returns after a clean stop; throws the exit status of a failure.
    func run() async throws {
        let signals = TerminationSignals { [logger] name in
            logger.warning("stopping at once", metadata: ["signal": "\(name)"])
        }
        defer { withExtendedLifetime(signals) {} }
        do {
            let broker = try await startEmbeddedBroker()
            do {
                try await runWithBroker(broker, signals)
            } catch {
                await broker?.stop()
                throw error
            }
            await broker?.stop()
            logger.info("stopped")
        } catch let error as ExitCode {
            throw error
        } catch {
            logger.critical("cannot go on: \(error)")
            throw Self.exitStatus(of: error)
        }
    }

    private func runWithBroker(_ broker: EmbeddedBroker?, _ signals: TerminationSignals) async throws {
        let runtime = try makeRuntime(settings)
        let http = try settings.httpAddress.map { address in
            try HTTPService(
                address: address, status: { runtime.status }, metrics: { Self.metrics(of: runtime) })
        }
        logger.info(
            "starting",
            metadata: [
                "version": "\(Convey.version)", "node": "\(settings.node)", "data": "\(settings.dataDirectory)",
                "broker": "\(settings.broker.address)",
                "http": "\(settings.httpAddress?.description ?? "off")",
            ])
        runtime.start()
        let failure = await firstEnd(runtime, http, broker, signals)
        if let failure { logger.critical("stopping: \(failure)") }
        await runtime.stop(deadline: settings.shutdownTimeout)
        await http?.stop()
        if let failure { throw Self.exitStatus(of: failure) }
    }

    private func startEmbeddedBroker() async throws -> EmbeddedBroker? {
        guard settings.embeddedBroker else { return nil }
        let broker = EmbeddedBroker(
            port: UInt16(settings.broker.address.port), dataDirectory: settings.dataDirectory,
            logger: Logger(label: "broker"))
        try await broker.start()
        return broker
    }

    /// Waits until one part has failed, whose error it returns, or a signal asks for a stop, which is nil. The other parts
    /// go on until they are stopped: HTTP tells how the stop gets on. Each task ends with its part, the last with the
    /// process.
    private func firstEnd(
        _ runtime: Runtime, _ http: HTTPService?, _ broker: EmbeddedBroker?, _ signals: TerminationSignals
    ) async -> (any Error)? {
        let (ends, post) = AsyncStream<(any Error)?>.makeStream()
        Task { post.yield(await Self.failure { try await runtime.waitForEnd() }) }
        if let http { Task { post.yield(await Self.failure { try await http.run() }) } }
        if let broker { Task { post.yield(await Self.failure { try await broker.waitForEnd() }) } }
        Task { [logger] in
            if let name = await signals.waitForFirst() { logger.info("stopping", metadata: ["signal": "\(name)"]) }
            post.yield(nil)
        }
        for await end in ends { return end }
        return nil
    }

    private static func failure(_ body: () async throws -> Void) async -> (any Error)? {
        do {
            try await body()
            return nil
        } catch {
            return error
        }
    }

    private static func metrics(of runtime: Runtime) -> MetricsSnapshot {
        var metrics = runtime.metrics
        metrics.gauges.residentBytes = ProcessMemory.residentBytes()
        return metrics
    }

    private static func exitStatus(of error: any Error) -> ExitCode {
        switch error {
        case is EmbeddedBrokerError, is HTTPServiceError: ExitStatus.unavailable
        default: ExitStatus.failed
        }
    }
}
