import Signals

/// The division of conversations into partitions, and of partitions into shards. Fixed when the journals are created.
package struct JournalLayout: Sendable, Equatable {
    package var partitions: Int
    /// At least 1, and at most the number of partitions.
    package var shards: Int

    package init(partitions: Int, shards: Int) {
        self.partitions = partitions
        self.shards = shards
    }

    package func shard(ofPartition partition: Int) -> Int { partition % shards }

    /// The shard that holds a conversation.
    package func shard(of subject: String) -> Int {
        shard(ofPartition: StableHash.partition(of: subject, count: partitions))
    }
}
