import Foundation
import Observability

/// The routes that orchestrators and monitoring ask.
enum HealthRoutes {
    static func make(
        status: @escaping @Sendable () -> RuntimeStatus, metrics: @escaping @Sendable () -> MetricsSnapshot
    ) -> [Route] {
        [
            Route(
                "/healthz", "200 while all threads turn, else 503 and which do not", scope: nil, room: 0,
                isForProbes: true
            ) { _ in
                let health = Health(status())
                return .json(health, status: health.hanging == nil ? .ok : .serviceUnavailable)
            },
            Route(
                "/readyz", "200 when signals are taken, else 503 and what is missing", scope: nil, room: 0,
                isForProbes: true
            ) { _ in
                let status = status()
                return .json(Readiness(status), status: status.isReady ? .ok : .serviceUnavailable)
            },
            Route("/metrics", "numbers in the Prometheus text format", room: 0, isForProbes: true) { _ in
                let text = PrometheusText.render(metrics(), status: status())
                return HTTPResponse(
                    statusCode: .ok, headers: [.contentType: PrometheusText.contentType], body: Data(text.utf8))
            },
        ]
    }
}

/// The body of `/healthz`: `{"status":"ok"}`, or
/// `{"hanging":{"engine":"has not turned for 41 s; the limit is 30 s"},"status":"hanging"}`.
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

/// The body of `/readyz`: `{"missing":["broker"],"parts":{"broker":"connecting: …"},"ready":false}`.
private struct Readiness: Encodable {
    let ready: Bool
    let missing: [String]
    let parts: [String: String]

    init(_ status: RuntimeStatus) {
        ready = status.isReady
        missing = status.parts.filter { !$0.isReady }.map(\.name)
        parts = Dictionary(uniqueKeysWithValues: status.parts.map { ($0.name, $0.words) })
    }
}
