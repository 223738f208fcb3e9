import Conversation
import JournalPort
import Signals

/// Signals that cannot be applied become dead letters, and so do those that wait for them.
extension ShardState {
    /// Maximum signals set aside per transaction because their cause is missing, not counting those that wait for them.
    private static let expiryLimit = 500

    /// Sets aside signals that have waited too long for their cause.
    mutating func expireParked() {
        var room = Self.expiryLimit
        for index in partitions.numbers where partitions[index].parkedCount > 0 && room > 0 {
            let expired = partitions[index].expireParked(
                parkedUntil: transaction.time.monotonic - settings.causeTimeoutMilliseconds, limit: room)
            room -= expired.count
            for recorded in expired {
                settle(recorded.position, recorded.signal, active(recorded.conversation))
                bury(recorded, reason: .causeTimeout)
            }
        }
    }

    /// A signal no longer waits.
    mutating func settle(_ position: Position, _ signal: Signal, _ conversation: ActiveConversation) {
        conversation.pending -= 1
        if ToolLoop.mayContinue(signal) { conversation.pendingTurns -= 1 }
        pending.settle(position)
    }

    /// Makes dead letters of a recorded signal and of all that wait for it, directly or indirectly.
    mutating func bury(_ recorded: RecordedSignal, reason: DeadLetter.Reason) {
        var graves = [(recorded, reason)]
        while let (recorded, reason) = graves.popLast() {
            announceDeadLetter(recorded, reason)
            let conversation = active(recorded.conversation)
            for cause in [recorded.signal.id, ids.marker(of: recorded.position)] {
                for dependent in partitions[conversation.record.partition].abandon(
                    cause: cause, conversation: recorded.conversation)
                {
                    settle(dependent.position, dependent.signal, conversation)
                    graves.append((dependent, .causeDeadLettered))
                }
            }
        }
    }

    /// Writes a dead letter's row, and the signal that reports it in its conversation.
    private mutating func announceDeadLetter(_ recorded: RecordedSignal, _ reason: DeadLetter.Reason) {
        transaction.buried.insert(recorded.position)
        transaction.batch.deadLetters.append(
            DeadLetter(
                position: recorded.position, conversation: recorded.conversation, reason: reason,
                at: transaction.time.wall))
        let wasOneBefore = redriven.remove(recorded.position) != nil
        let id =
            wasOneBefore
            ? ids.deadLetter(recorded.position, again: nextPosition) : ids.deadLetter(recorded.position)
        let signal = recorded.signal
        let notice = Signal(
            id: id, source: DerivedSource.scheduler, type: SignalType.signalDeadLettered, subject: signal.subject,
            data: LifecycleData.deadLetter(id: id, signal: signal, offset: recorded.offset, reason: reason))
        append(notice, hash: IdentityHash.of(subject: signal.subject, id: id))
    }
}
