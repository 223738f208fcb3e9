import Signals

/// A shard and its owner.
public struct ClusterShard: Sendable, Equatable {
    public var shard: Int
    public var tag: String?
    /// The node that took it over last; nil if no node has.
    public var owner: String?
    /// Whether that node still owns it.
    public var isOwned: Bool
    /// How often it has been taken over.
    public var epoch: Int64
    /// The position of its newest record.
    public var position: Position
    /// The number of positions after the last one that the broker has acknowledged.
    public var outboxLag: Int64

    public init(
        shard: Int, tag: String?, owner: String?, isOwned: Bool, epoch: Int64, position: Position, outboxLag: Int64
    ) {
        self.shard = shard
        self.tag = tag
        self.owner = owner
        self.isOwned = isOwned
        self.epoch = epoch
        self.position = position
        self.outboxLag = outboxLag
    }
}
