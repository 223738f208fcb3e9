import Foundation
import HTTPServing
import Observability

/// The routes for orchestrators and monitoring.
package enum HealthRoutes {
    /// - Parameters:
    ///   - meter: the numbers of the HTTP service itself.
    ///   - status: returns the runtime's current status; called for each probe.
    ///   - metrics: returns the runtime's current numbers; called for each scrape.
    package static func make(
        meter: HTTPMeter, status: @escaping @Sendable () -> RuntimeStatus,
        metrics: @escaping @Sendable () -> MetricsSnapshot
    ) -> [Route] {
        [
            Route(
                "/healthz", "200 while all threads make progress, else 503 and those that do not", scope: nil, room: 0,
                isForProbes: true
            ) { _ in
                let health = Health(status())
                return .json(health, status: health.hanging == nil ? .ok : .serviceUnavailable)
            },
            Route(
                "/readyz", "200 if signals are accepted, else 503 and what is missing", scope: nil, room: 0,
                isForProbes: true
            ) { _ in
                let status = status()
                return .json(Readiness(status), status: status.isReady ? .ok : .serviceUnavailable)
            },
            Route("/metrics", "numbers in the Prometheus text format", room: 0, isForProbes: true) { _ in
                let text = PrometheusText.render(merged(metrics(), meter), status: status())
                return HTTPResponse(
                    statusCode: .ok, headers: [.contentType: PrometheusText.contentType], body: Data(text.utf8))
            },
        ]
    }

    private static func merged(_ metrics: MetricsSnapshot, _ meter: HTTPMeter) -> MetricsSnapshot {
        var metrics = metrics
        metrics.gauges.httpConnections = meter.openConnections
        metrics.gauges.staleFiles = meter.hasStaleFiles ? 1 : 0
        metrics.counters.idleConnectionsClosed = meter.idleConnectionsClosed
        metrics.refusedRequests = meter.refusedRequests
        return metrics
    }
}

/// The body of `/healthz`: `{"status":"ok"}`, or
/// `{"hanging":{"engine":"has not responded for 41 s; the limit is 30 s"},"status":"hanging"}`.
private struct Health: Encodable {
    let status: String
    let hanging: [String: String]?

    init(_ runtime: RuntimeStatus) {
        let overdue = runtime.threads.filter(\.isOverdue)
        status = overdue.isEmpty ? "ok" : "hanging"
        hanging =
            overdue.isEmpty
            ? nil : Dictionary(overdue.map { ($0.name, $0.words) }, uniquingKeysWith: { first, _ in first })
    }
}

/// The body of `/readyz`: `{"missing":["broker"],"parts":{"broker":"connecting: …"},"ready":false,"shards":[…]}`.
private struct Readiness: Encodable {
    let ready: Bool
    let missing: [String]
    let parts: [String: String]
    /// Nil until the journal's layout is known.
    let shards: [Shard]?

    /// `{"outbox_lag":0,"position":1834,"queue_depth":2,"shard":0,"state":"open","tag":"k3xa7"}`, with `problem` if it has failed.
    struct Shard: Encodable {
        let shard: Int
        let tag: String?
        let state: String
        let problem: String?
        let position: Int64
        let queueDepth: Int
        let outboxLag: Int

        enum CodingKeys: String, CodingKey {
            case shard, tag, state, problem, position
            case queueDepth = "queue_depth"
            case outboxLag = "outbox_lag"
        }

        init(_ status: ShardStatus) {
            shard = status.index
            tag = status.tag
            switch status.state {
            case .opening:
                state = "opening"
                problem = nil
            case .open:
                state = "open"
                problem = nil
            case .standby(let owner):
                state = "standby"
                problem = owner
            case .failed(let message):
                state = "failed"
                problem = message
            }
            position = status.lastPosition
            queueDepth = status.queueDepth
            outboxLag = status.outboxLag
        }
    }

    init(_ status: RuntimeStatus) {
        ready = status.isReady
        missing = status.parts.filter { !$0.isReady }.map(\.name)
        parts = Dictionary(uniqueKeysWithValues: status.parts.map { ($0.name, $0.words) })
        shards = status.shards.isEmpty ? nil : status.shards.map(Shard.init)
    }
}
