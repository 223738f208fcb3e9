import JournalPort
import Signals
import Synchronization
import Threads

/// Whether events wait for the broker, and how long ago it last acknowledged one. The threads of the engine and the
/// outbox write it, and readiness checks read it, so that it is right even if one of them hangs.
final class OutboxProgress: Sendable {
    /// Events that wait without progress.
    struct Stall: Equatable {
        /// Positions behind the newest event.
        var waiting: Int64
        var seconds: Double
    }

    private struct State {
        var newest: Position
        var acknowledged: Position
        /// The time since when events wait without an acknowledgement (microseconds, monotonic); nil while nothing
        /// waits.
        var since: Int64?
    }

    private let state: Mutex<State>

    /// If nothing is acknowledged for longer than this while events wait, the service is not ready.
    static let limit = 10.0

    /// - Parameters:
    ///   - committed: the journal's end; records between it and the cursor may have to be published.
    ///   - cursor: everything up to here is acknowledged.
    init(committed: Position, cursor: Position) {
        state = Mutex(
            State(
                newest: committed, acknowledged: cursor,
                since: committed > cursor ? Clocks.monotonicMicroseconds() : nil))
    }

    /// An event to publish was recorded.
    func recorded(_ position: Position) {
        state.withLock { state in
            state.newest = max(state.newest, position)
            if state.since == nil, state.newest > state.acknowledged { state.since = Clocks.monotonicMicroseconds() }
        }
    }

    /// The broker has acknowledged events; everything up to `position` is acknowledged.
    func acknowledged(through position: Position) {
        state.withLock { state in
            state.acknowledged = max(state.acknowledged, position)
            state.since = state.newest > state.acknowledged ? Clocks.monotonicMicroseconds() : nil
        }
    }

    /// nil while nothing waits or there is progress.
    func stall(now: Int64 = Clocks.monotonicMicroseconds()) -> Stall? {
        state.withLock { state in
            guard let since = state.since else { return nil }
            let seconds = Double(now - since) / 1_000_000
            guard seconds >= Self.limit else { return nil }
            return Stall(waiting: state.newest.rawValue - state.acknowledged.rawValue, seconds: seconds)
        }
    }
}
