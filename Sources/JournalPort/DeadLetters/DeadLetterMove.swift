import Signals

/// What an operator has done to dead letters of one shard: one transaction of its engine.
public struct DeadLetterMove: Sendable, Equatable {
    public enum Action: String, Sendable {
        /// Schedules the signals again, in record order, so that a cause comes before what waits for it.
        case redrive
        /// Sets them aside for good: they are not open any more.
        case discard
    }

    /// Positions in one request, and letters in one answer: each costs a read or a record.
    public static let limit = 1_000

    public var action: Action
    public var positions: [Position]

    /// The positions that are moved: each once, ascending, up to the limit.
    package var chosen: ArraySlice<Position> { Set(positions).sorted().prefix(Self.limit) }

    public init(_ action: Action, _ positions: [Position]) {
        self.action = action
        self.positions = positions
    }
}
