import Signals

/// The partitions of one shard, and their indexes in a list of only these.
package struct ShardPartitions: Sendable, Hashable {
    package let shard: Shard
    /// The number of partitions of all shards together.
    package let total: Int

    package init(_ shard: Shard, total: Int) {
        self.shard = shard
        self.total = total
    }

    package var count: Int { max(0, (total - shard.index + shard.count - 1) / shard.count) }

    /// The partition at an index of the list, as a number among all shards' partitions.
    package func partition(at place: Int) -> Int { shard.index + place * shard.count }

    /// The index of a partition in the list. The partition must belong to the shard.
    package func place(of partition: Int) -> Int {
        precondition(
            shard.owns(partition: partition),
            "partition \(partition) does not belong to shard \(shard.index) of \(shard.count)")
        return partition / shard.count
    }

    /// The partition of a conversation, as a number among all shards' partitions.
    package func partition(of subject: String) -> Int { StableHash.partition(of: subject, count: total) }

    /// Whether the shard holds a conversation.
    package func contains(subject: String) -> Bool { shard.owns(partition: partition(of: subject)) }

    /// The subject for records that belong to no client's conversation: `_`, or, if another shard holds `_`, the first
    /// of `_1`, `_2`, … that this shard holds.
    package var namelessSubject: String {
        if contains(subject: Self.nameless) { return Self.nameless }
        var number = 1
        while !contains(subject: "\(Self.nameless)\(number)") { number += 1 }
        return "\(Self.nameless)\(number)"
    }

    /// The subject for rejected messages whose topics name none.
    package static let nameless = "_"
}
