import JournalPort
import Signals

/// Bounds memory and start-ups, at the end of each transaction.
extension ShardState {
    mutating func keepMemoryBounded() {
        writeCheckpoint()
        save(conversations.evict())
        releaseSignals()
        ledger.releaseTexts()
    }

    mutating func save(_ records: [ConversationRecord]) {
        for var record in records {
            record.through = lastPosition
            transaction.batch.savedConversations.append(record)
        }
    }

    /// Begins a checkpoint if one is due, and takes the next steps of one that has begun.
    private mutating func writeCheckpoint() {
        if checkpoint == nil, nextPosition.rawValue - checkpointed.rawValue > settings.checkpointInterval {
            checkpoint = CheckpointWriter(
                through: lastPosition, identities: recent, conversations: conversations.dirty, pending: pending,
                applyOrders: partitions.applyOrders, interval: settings.checkpointInterval)
            recent = IdentityIndex()
            pending = PendingChanges()
            checkpointed = lastPosition
        }
        // A checkpoint alone is no reason for a transaction to write.
        guard checkpoint != nil, !transaction.batch.isEmpty else { return }
        for conversation in checkpoint?.write(to: &transaction.batch) ?? [] {
            conversation.isDirty = false
            save([conversation.record])
        }
        if transaction.batch.checkpoint != nil { checkpoint = nil }
    }

    /// Drops the data of waiting signals beyond the limit; it is read back when they are applied.
    private mutating func releaseSignals() {
        guard partitions.queueDepth > settings.residentSignalLimit else { return }
        for record in transaction.batch.records {
            guard let conversation = conversations.find(id: record.conversation) else { continue }
            partitions[conversation.record.partition].release(record.position)
        }
    }
}
