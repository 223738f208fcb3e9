import Signals

/// An operator's change to dead letters of one shard: one transaction of its engine.
public struct DeadLetterMove: Sendable, Equatable {
    public enum Action: String, Sendable {
        /// Schedules the signals again, in record order, so that a cause precedes the signals that wait for it.
        case redrive
        /// Discards them for good: they no longer count as open.
        case discard
    }

    /// Maximum positions per request, and letters per answer: each costs a read or a write.
    public static let limit = 1_000

    public var action: Action
    public var positions: [Position]

    /// The positions to move: each once, ascending, up to the limit.
    package var chosen: ArraySlice<Position> { Set(positions).sorted().prefix(Self.limit) }

    public init(_ action: Action, _ positions: [Position]) {
        self.action = action
        self.positions = positions
    }
}
