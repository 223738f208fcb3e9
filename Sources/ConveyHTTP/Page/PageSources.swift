import ConveyQueries
import ConveyRuntime
import JournalPort
import Observability

/// The parts of the service that the page reads from and acts on.
package struct PageSources: Sendable {
    let queries: QueryService
    let live: LiveFeed
    let signals: SignalEndpoint
    let deadLetters: DeadLetterShards
    let status: @Sendable () -> RuntimeStatus
    let metrics: @Sendable () -> MetricsSnapshot
    let cluster: @Sendable () -> ClusterStatus
    /// The longest message, in bytes.
    let messageLimit: Int

    /// - Parameter messageLimit: the longest signal, in bytes.
    package init(
        queries: QueryService, live: LiveFeed, signals: SignalEndpoint, messageLimit: Int,
        deadLetters: DeadLetterShards, status: @escaping @Sendable () -> RuntimeStatus,
        metrics: @escaping @Sendable () -> MetricsSnapshot, cluster: @escaping @Sendable () -> ClusterStatus
    ) {
        self.queries = queries
        self.live = live
        self.signals = signals
        self.messageLimit = messageLimit
        self.deadLetters = deadLetters
        self.status = status
        self.metrics = metrics
        self.cluster = cluster
    }
}
