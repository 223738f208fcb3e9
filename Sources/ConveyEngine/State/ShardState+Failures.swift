import EffectPort
import JournalPort
import Signals

/// Failed attempts: the next attempt or the end, and the signals about it.
extension ShardState {
    /// Schedules another attempt if it may succeed, otherwise ends the effect.
    mutating func fail(_ effect: OpenEffect, _ failure: EffectFailure) {
        guard let entry = ledger.fail(effect, failure, at: transaction.time) else { return }
        guard let pause = entry.pause(after: failure) else { return end(effect.key, failed: entry.final(failure)) }
        let due = transaction.time.monotonic.saturatingAdd(pause.milliseconds)
        let dueAt = transaction.time.wall.saturatingAdd(pause.milliseconds.saturatingMultiply(1_000))
        guard let paused = ledger.pause(effect.key, until: due, dueAt: dueAt) else { return }
        transaction.batch.changedEffects.append(paused.effect)
        announceWait(paused, failure, pause: pause, cause: entry.lastSignal)
        let id = ids.attemptFailed(effect.key, attempt: effect.attempt)
        let since = timestamps.text(entry.failingSince ?? transaction.time.wall)
        audit(
            SignalType.effectAttemptFailed, id: id, subject: effect.subject, cause: entry.lastSignal,
            data: LifecycleData.attemptFailed(id: id, entry, failure, pause: pause, since: since))
    }

    /// Publishes, for people, that an answer or a call waits: the reason, the start of the wait, and the time of the next attempt.
    private mutating func announceWait(
        _ entry: EffectLedger.Entry, _ failure: EffectFailure, pause: Duration, cause: SignalReference
    ) {
        let id = ids.waiting(entry.effect.key, attempt: entry.effect.attempt)
        let retryAt = timestamps.text(transaction.time.wall.saturatingAdd(pause.milliseconds * 1_000))
        let since = timestamps.text(entry.failingSince ?? transaction.time.wall)
        let notice = Signal(
            id: id, source: DerivedSource.effects,
            type: entry.effect.effectClass == .llm ? SignalType.assistantWaiting : SignalType.toolStatus,
            subject: entry.effect.subject, cause: .signal(cause.id), traceparent: entry.traceparent,
            data: LifecycleData.waiting(entry, failure, pause: pause, since: since, retryAt: retryAt))
        append(
            notice, hash: IdentityHash.of(subject: notice.subject, id: id), cause: cause.position)
    }
}
