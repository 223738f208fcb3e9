import ConveyRuntime

/// What `serve` needs of the engine.
protocol ServedRuntime: Sendable {
    /// Opens the journal and starts recovery and ingress. Returns when they are under way, not when the runtime is ready.
    func start() async throws
    /// Stops taking signals, finishes or gives up what is under way within the deadline, and closes the journal.
    func stop(deadline: Duration) async
    /// Returns after `stop`; throws when the runtime cannot go on (a failed fsync).
    func waitForEnd() async throws
    var status: RuntimeStatus { get }
    var metrics: MetricsSnapshot { get }
}

/// The engine is not part of this build yet.
struct RuntimeNotWired: Error, CustomStringConvertible {
    let description = "the runtime is not wired yet"
}

/// Builds the engine from the settings: journal, ingress, partitions, effects, outbox. The one place that knows them all.
func makeRuntime(_ settings: ServeSettings) throws -> any ServedRuntime {
    throw RuntimeNotWired()
}
