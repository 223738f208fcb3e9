import Signals

/// Folds the journal's tail into what is found by key, so that a start-up reads only what was appended since. Identities and
/// conversations up to `through` have been written by this batch or by earlier ones.
public struct Checkpoint: Sendable {
    public var through: Position
    /// What has come to be pending (recorded, neither applied nor a dead letter) since the last checkpoint, ascending.
    public var pendingAdded: [Position]
    /// What was pending at the last checkpoint and is not any more, ascending.
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
