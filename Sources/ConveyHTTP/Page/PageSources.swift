import ConveyQueries
import ConveyRuntime
import JournalPort
import Observability

/// What the page is made from, and what its buttons do.
public struct PageSources: Sendable {
    public typealias DeadLetters = @Sendable (DeadLetterRequest) async -> Result<DeadLetterAnswer, JournalError>

    let queries: QueryService
    let live: LiveFeed
    let signals: SignalDoor
    let deadLetters: DeadLetters
    let status: @Sendable () -> RuntimeStatus
    let metrics: @Sendable () -> MetricsSnapshot
    /// The longest message, in bytes.
    let messageLimit: Int

    /// - Parameter messageLimit: the longest signal taken, in bytes.
    public init(
        queries: QueryService, live: LiveFeed, signals: SignalDoor, messageLimit: Int,
        deadLetters: @escaping DeadLetters, status: @escaping @Sendable () -> RuntimeStatus,
        metrics: @escaping @Sendable () -> MetricsSnapshot
    ) {
        self.queries = queries
        self.live = live
        self.signals = signals
        self.messageLimit = messageLimit
        self.deadLetters = deadLetters
        self.status = status
        self.metrics = metrics
    }
}
