import JournalPort
import Signals

/// Operators' changes to dead letters. The change, its audit signal and the pending entry are one transaction: after a
/// crash a signal is either a dead letter or pending, and there is an audit signal exactly if it was moved.
extension ShardState {
    mutating func carryOut(_ move: DeadLetterMove) -> [DeadLetterOutcome] {
        var outcomes: [DeadLetterOutcome] = []
        for position in move.chosen { outcomes.append(carryOut(move.action, position)) }
        return outcomes
    }

    private mutating func carryOut(_ action: DeadLetterMove.Action, _ position: Position) -> DeadLetterOutcome {
        guard position <= transaction.committed, !transaction.batch.hasMoved(position),
            let letter = transaction.fetched.deadLetter(at: position),
            let record = transaction.record(at: position), case .signal(let signal) = record.content
        else { return DeadLetterOutcome(position: position, status: .notFound) }
        guard letter.reason != .discarded else {
            return DeadLetterOutcome(position: position, status: .alreadyDiscarded)
        }
        switch action {
        case .redrive: return redrive(letter, record, signal)
        case .discard: return discard(letter, record, signal)
        }
    }

    /// A re-driven signal keeps its id, its position and its offset; it is only applied later.
    private mutating func redrive(
        _ letter: DeadLetter, _ record: JournalRecord, _ signal: Signal
    ) -> DeadLetterOutcome {
        let conversation = active(record.conversation)
        let status = conversation.isSetAside ? .pending : status(of: signal.cause, in: conversation)
        if status == .unknown, partitions.parkedCount >= settings.parkedLimit {
            return DeadLetterOutcome(position: record.position, status: .parkedLimit)
        }
        let id = tell("redriven", SignalType.signalRedriven, of: letter, record, signal)
        transaction.batch.redrivenDeadLetters.append(record.position)
        metrics.gauges.deadLettersOpen -= 1
        pending.restore(record.position)
        // A signal that was held back has no notice.
        if letter.reason != .setAside { redriven.insert(record.position) }
        checkpoint?.restore(record.position)
        // It waits with the others until the conversation can be loaded.
        guard !conversation.isSetAside else {
            return DeadLetterOutcome(position: record.position, status: .redriven, auditID: id)
        }
        schedule(record.recorded(signal), in: conversation, cause: status)
        return DeadLetterOutcome(position: record.position, status: .redriven, auditID: id)
    }

    private mutating func discard(
        _ letter: DeadLetter, _ record: JournalRecord, _ signal: Signal
    ) -> DeadLetterOutcome {
        let id = tell("discarded", SignalType.signalDiscarded, of: letter, record, signal)
        transaction.batch.discardedDeadLetters.append(record.position)
        metrics.gauges.deadLettersOpen -= 1
        return DeadLetterOutcome(position: record.position, status: .discarded, auditID: id)
    }

    /// Records the audit signal in the conversation. A letter may be re-driven more than once, so the id also contains
    /// the position of the audit signal itself.
    private mutating func tell(
        _ what: String, _ type: String, of letter: DeadLetter, _ record: JournalRecord, _ signal: Signal
    ) -> String {
        let id = ids.deadLetterMoved(what, record.position, at: nextPosition)
        let notice = Signal(
            id: id, source: DerivedSource.operator, type: type, subject: signal.subject,
            data: LifecycleData.deadLetter(id: id, signal: signal, offset: record.offset, reason: letter.reason))
        append(notice, hash: IdentityHash.of(subject: signal.subject, id: id))
        return id
    }
}
