/// What an HTTP service counts, for its metrics.
package struct HTTPMeter: Sendable {
    private let connections: OpenConnections
    private let files: HTTPFiles

    init(connections: OpenConnections, files: HTTPFiles) {
        self.connections = connections
        self.files = files
    }

    /// Open connections.
    package var openConnections: Int { connections.count }

    /// Idle connections that were closed for new ones since the start.
    package var idleConnectionsClosed: UInt64 { connections.givenUp }

    /// Whether the token or certificate file has changed and the change could not be used.
    package var hasStaleFiles: Bool { files.problem != nil }
}
