import JournalPort
import Signals
import Threads

/// Committed events between the engine and the outbox's thread.
///
/// As long as the publisher keeps up, events pass through memory. Once `limit` events wait, further ones are left in
/// the journal, and the publisher reads them from there until it has caught up: memory stays bounded, and nothing is
/// lost.
final class OutboxQueue: Sendable {
    private struct State {
        var events: [OutboundEvent] = []
        /// Everything up to here is in the journal.
        var committed: Position
        /// Whether events are handed over in memory. If false, the publisher reads the journal.
        var isWarm = false
        /// Events handed over since then that the broker has not acknowledged.
        var outstanding = 0
    }

    /// The publisher's next step.
    enum Next {
        case events([OutboundEvent])
        /// Read the journal after the last event taken, up to this position.
        case journal(through: Position)
        /// Everything up to this position has been taken.
        case nothing(through: Position)
    }

    private let state: Monitor<State>
    /// Whether events reach the broker.
    let progress: OutboxProgress
    private let limit: Int
    private let wake: @Sendable () -> Void
    /// - Parameters:
    ///   - committed: the journal's end; earlier records are read from the journal.
    ///   - cursor: everything up to here was acknowledged before.
    ///   - limit: maximum events in memory.
    ///   - wake: called after each change, from the changing thread.
    init(committed: Position, cursor: Position = .start, limit: Int, wake: @escaping @Sendable () -> Void) {
        state = Monitor(State(committed: committed))
        progress = OutboxProgress(committed: committed, cursor: cursor)
        self.limit = limit
        self.wake = wake
    }

    /// Adds the events that a transaction has committed.
    func append(_ events: [OutboundEvent], committed: Position) {
        guard committed > .start else { return }
        if let last = events.last { progress.recorded(last.record.position) }
        state.change { state in
            state.committed = committed
            guard state.isWarm else { return }
            if state.events.count + events.count > limit {
                state.isWarm = false
            } else {
                state.events += events
                state.outstanding += events.count
            }
        }
        if !events.isEmpty { wake() }
    }

    /// The journal was read again. A commit whose answer was lost may have gone through: its events are in the journal,
    /// and were never handed over in memory.
    /// - Parameter end: the journal's newest position.
    func recovered(through end: Position) {
        let isBehind = state.change { state in
            guard state.committed < end else { return false }
            state.committed = end
            // Events already in memory leave first.
            state.isWarm = false
            return true
        }
        guard isBehind else { return }
        progress.recorded(end)
        wake()
    }

    /// The number of further events that the publisher should get now; nil if it reads the journal because it has
    /// fallen behind, so that the number makes no difference.
    ///
    /// Events leave in record order, so an abort cannot overtake events that wait here, but it can overtake signals
    /// that wait in the scheduler. So the engine applies signals no faster than events leave.
    var room: Int? {
        state.change { state in
            guard state.isWarm else { return nil }
            let room = Self.aheadLimit - state.outstanding
            // Not for a few: each round is a transaction.
            return room < Self.aheadLimit / 2 ? 0 : room
        }
    }

    /// Maximum events recorded ahead of the broker's acknowledgements: two windows of publishes keep the connection
    /// busy.
    static let aheadLimit = 500

    /// The broker has acknowledged events.
    func acknowledged(_ count: Int) {
        state.change { $0.outstanding = max(0, $0.outstanding - count) }
    }

    /// - Parameter taken: the last position that the publisher has taken, from memory or from the journal.
    func next(after taken: Position) -> Next {
        state.change { state in
            if !state.events.isEmpty {
                defer { state.events.removeAll() }
                return .events(state.events)
            }
            if state.isWarm { return .nothing(through: state.committed) }
            if taken < state.committed { return .journal(through: state.committed) }
            state.isWarm = true
            state.outstanding = 0
            return .nothing(through: state.committed)
        }
    }

    /// Whether nothing was committed after the last position that the publisher has taken.
    func hasNothing(after taken: Position) -> Bool {
        state.change { $0.events.isEmpty && $0.committed <= taken }
    }

    /// Starts over after a lost connection: forgets the events in memory, which are read from the journal again.
    func restart() {
        state.change { state in
            state.events.removeAll()
            state.isWarm = false
        }
    }
}
