import Conversation
import JournalPort
import Signals

/// The data that a start-up loads into memory.
extension ShardState {
    /// Adopts the cursors of the last commit.
    mutating func restore(_ point: RecoveryPoint) {
        nextPosition = point.lastPosition.next
        lastConversation = point.lastConversation.rawValue
        checkpointed = point.checkpoint
        outboxCursor = point.outboxCursor
        metrics.gauges.deadLettersOpen = point.deadLetters
        for partition in partitions.numbers where partition < point.applyOrders.count {
            partitions[partition].restore(applyOrder: point.applyOrders[partition])
        }
        transaction = Transaction(time: transaction.time, committed: point.lastPosition)
    }

    /// Hands a pending signal to its partition. The fetched data shows the state of its cause, and whether it was a
    /// dead letter before.
    mutating func takeUp(_ recorded: RecordedSignal, in conversation: ActiveConversation) {
        let notice = IdentityHash.of(subject: recorded.signal.subject, id: ids.deadLetter(recorded.position))
        if !knownPositions(identity: notice).isEmpty { redriven.insert(recorded.position) }
        schedule(recorded, in: conversation, cause: status(of: recorded.signal.cause, in: conversation))
    }
}
