import HTTPServing
import JournalPort

/// The nodes that share the journal, and who owns what.
package enum ClusterRoutes {
    package static let path = "/v1/cluster"

    package static func make(_ cluster: @escaping @Sendable () -> ClusterStatus) -> [Route] {
        [
            Route(path, "the nodes that share the journal, and its shards with their owners") { _ in
                .json(encoded: cluster().json)
            }
        ]
    }
}
