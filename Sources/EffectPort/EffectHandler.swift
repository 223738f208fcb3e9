import Conversation
import JournalPort
import Signals

/// Runs one class of effects. Implementations live in EffectHandlers.
public protocol EffectHandler: Sendable {
    /// Runs one attempt to its end.
    ///
    /// The manager cancels the task if the effect is canceled or the attempt times out. The handler then closes its
    /// resources and throws `CancellationError` within 100 ms.
    ///
    /// - Parameter emit: passes on the next piece of a stream, to be journaled. Waits while the engine is behind.
    /// - Throws: `EffectFailure`; `CancellationError` if the task was cancelled.
    func run(
        _ attempt: EffectAttempt, emit: @escaping @Sendable (EffectDelta) async throws -> Void
    ) async throws -> EffectResult
}
