/// The counters of an HTTP service, for its metrics.
package struct HTTPMeter: Sendable {
    private let connections: OpenConnections
    private let refused: RefusedRequests
    private let files: HTTPFiles

    init(connections: OpenConnections, refused: RefusedRequests, files: HTTPFiles) {
        self.connections = connections
        self.refused = refused
        self.files = files
    }

    /// Open connections.
    package var openConnections: Int { connections.count }

    /// Idle connections that were closed for new ones since the start.
    package var idleConnectionsClosed: UInt64 { connections.givenUp }

    /// Requests answered with a status of 400 or more since the start, by status. Probes that answer 503 are not refused.
    package var refusedRequests: [Int: UInt64] { refused.byStatus }

    /// Whether the token or certificate file has changed and the change could not be used.
    package var hasStaleFiles: Bool { files.problem != nil }
}
