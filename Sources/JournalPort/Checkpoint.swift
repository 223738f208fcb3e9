import Signals

/// A saved state from which a start-up continues, so that it reads only the records after it. This batch or earlier
/// ones have written the identities and conversations up to `through`.
public struct Checkpoint: Sendable {
    public var through: Position
    /// Positions that became pending (recorded, neither applied nor a dead letter) since the last checkpoint,
    /// ascending.
    public var pendingAdded: [Position]
    /// Positions that were pending at the last checkpoint and no longer are, ascending.
    public var pendingRemoved: [Position]
    /// Each partition's newest apply order.
    public var applyOrders: [Int64]

    public init(
        through: Position, pendingAdded: [Position], pendingRemoved: [Position], applyOrders: [Int64]
    ) {
        self.through = through
        self.pendingAdded = pendingAdded
        self.pendingRemoved = pendingRemoved
        self.applyOrders = applyOrders
    }
}
