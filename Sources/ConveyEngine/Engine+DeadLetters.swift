import JournalPort
import Signals

/// What operators do with dead letters. The change, its audit signal and the place among the pending are one transaction:
/// after a crash a signal is a dead letter or pending, and there is a trace of it exactly when it was moved.
extension Engine {
    func carryOut(_ move: DeadLetterMove) throws(JournalError) -> [DeadLetterOutcome] {
        switch move.action {
        case .redrive: try each(move.positions, redrive)
        case .discard: try each(move.positions, discard)
        }
    }

    private func each(
        _ positions: [Position],
        _ move: (DeadLetter, JournalRecord, Signal) throws(JournalError) -> DeadLetterOutcome
    ) throws(JournalError) -> [DeadLetterOutcome] {
        var outcomes: [DeadLetterOutcome] = []
        for position in Set(positions).sorted().prefix(DeadLetterMove.limit) {
            guard !batch.hasMoved(position), let letter = try journal.deadLetter(at: position),
                let record = try record(at: position), case .signal(let signal) = record.content
            else {
                outcomes.append(DeadLetterOutcome(position: position, status: .notFound))
                continue
            }
            if letter.reason == .discarded {
                outcomes.append(DeadLetterOutcome(position: position, status: .alreadyDiscarded))
            } else {
                outcomes.append(try move(letter, record, signal))
            }
        }
        return outcomes
    }

    /// A re-driven signal keeps its id, its position and its offset; it is only applied later.
    private func redrive(
        _ letter: DeadLetter, _ record: JournalRecord, _ signal: Signal
    ) throws(JournalError) -> DeadLetterOutcome {
        let conversation = try activate(id: record.conversation)
        let status = conversation.isSetAside ? .pending : try status(of: signal.cause, in: conversation)
        if status == .unknown, parkedCount >= settings.parkedLimit {
            return DeadLetterOutcome(position: record.position, status: .parkedLimit)
        }
        let id = try tell("redriven", SignalType.signalRedriven, of: letter, record, signal)
        batch.redrivenDeadLetters.append(record.position)
        metrics.gauges.deadLettersOpen -= 1
        pending.restore(record.position)
        checkpoint?.restore(record.position)
        // It waits with the others until the conversation can be loaded.
        guard !conversation.isSetAside else {
            return DeadLetterOutcome(position: record.position, status: .redriven, auditID: id)
        }
        schedule(record.recorded(signal), in: conversation, cause: status)
        return DeadLetterOutcome(position: record.position, status: .redriven, auditID: id)
    }

    private func discard(
        _ letter: DeadLetter, _ record: JournalRecord, _ signal: Signal
    ) throws(JournalError) -> DeadLetterOutcome {
        let id = try tell("discarded", SignalType.signalDiscarded, of: letter, record, signal)
        batch.discardedDeadLetters.append(record.position)
        metrics.gauges.deadLettersOpen -= 1
        return DeadLetterOutcome(position: record.position, status: .discarded, auditID: id)
    }

    /// Records the audit signal in the conversation. A letter may be re-driven more than once, so the id has the place of
    /// the signal itself, too.
    private func tell(
        _ what: String, _ type: String, of letter: DeadLetter, _ record: JournalRecord, _ signal: Signal
    ) throws(JournalError) -> String {
        let id = ids.deadLetterMoved(what, record.position, at: nextPosition)
        let notice = Signal(
            id: id, source: DerivedSource.operator, type: type, subject: signal.subject,
            data: LifecycleData.deadLetter(id: id, signal: signal, offset: record.offset, reason: letter.reason))
        try append(notice, hash: IdentityHash.of(subject: signal.subject, id: id))
        return id
    }
}
