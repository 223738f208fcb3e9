/// A value that belongs to one shard.
package struct Sharded<Value: Sendable>: Sendable {
    package var shard: Int
    package var value: Value

    package init(shard: Int, _ value: Value) {
        self.shard = shard
        self.value = value
    }
}

extension Sharded<DeadLetterDetails> {
    package var place: ShardPosition { ShardPosition(shard: shard, position: value.letter.position) }
}
