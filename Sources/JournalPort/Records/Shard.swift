/// One of the complete journals into which a journal is divided: it has its own positions, conversation numbers,
/// checkpoint and outbox cursor. Partition `p` belongs to shard `p % count`.
public struct Shard: Sendable, Hashable {
    /// From 0.
    public var index: Int
    /// The number of shards; fixed when the journal is created.
    public var count: Int
    public var tag: ShardTag

    public init(index: Int, count: Int, tag: ShardTag) {
        self.index = index
        self.count = count
        self.tag = tag
    }

    public func owns(partition: Int) -> Bool { partition % count == index }
}
