import ConveyRuntime
import Foundation

/// The routes that orchestrators and monitoring ask.
enum HealthRoutes {
    static func make(
        status: @escaping @Sendable () -> RuntimeStatus, metrics: @escaping @Sendable () -> MetricsSnapshot
    ) -> [Route] {
        [
            Route("/healthz", "200 while the process runs", scope: nil, room: 0, isForProbes: true) { _ in
                .json(Health(status: "ok"))
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

private struct Health: Encodable {
    let status: String
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
