import JournalPort
import JournalSupport
import Signals

/// The guarantees about all shards of a process together, at rest. `SimulatedConsumer` checks that no two published
/// events have the same source and id.
struct ShardsCheck {
    let shards: [SimulatedShard]

    func run() throws {
        try checkPlaces()
        try checkIdempotencyKeys()
    }

    /// Everything in a conversation is in the shard of its partition.
    private func checkPlaces() throws {
        for shard in shards {
            let own = shard.disk.shard
            for conversation in shard.disk.conversations.values {
                let partition = StableHash.partition(of: conversation.subject, count: shard.disk.partitionCount)
                guard conversation.partition == partition, own.owns(partition: partition) else {
                    throw fail("\(conversation.subject), of partition \(partition), is in shard \(own.index)")
                }
            }
            for record in shard.disk.records {
                guard let subject = shard.disk.conversations[record.conversation.rawValue]?.subject else {
                    throw fail("record \(record.position) of shard \(own.index) has no conversation")
                }
                if case .signal(let signal) = record.content, ExactText(signal.subject) != ExactText(subject) {
                    throw fail("record \(record.position) of shard \(own.index) is in the conversation \(subject)")
                }
            }
        }
    }

    /// No provider or tool mistakes two effects for one.
    private func checkIdempotencyKeys() throws {
        var known: Set<String> = []
        for shard in shards {
            for (effect, key) in shard.idempotencyKeys where !known.insert(key).inserted {
                throw fail("\(effect) of shard \(shard.disk.shard.index) has the key of another effect, \(key)")
            }
        }
    }

    private func fail(_ text: String) -> Simulation.Violation { Simulation.Violation(description: text) }
}
