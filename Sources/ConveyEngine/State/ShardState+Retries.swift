import EffectPort
import Conversation
import JournalPort
import Signals

/// Retries of failed answers.
extension ShardState {
    /// Retries a failed answer as a new effect with the same input, after the answers that wait already. If the answer has not failed, or
    /// its retry is in progress, records an audit signal instead.
    mutating func retry(
        _ target: EffectTarget, by reference: SignalReference, _ signal: Signal, offset: Int64,
        in conversation: ActiveConversation, startsCanceled: Bool
    ) {
        let wish = RetryWish(signal, in: conversation.record.id)
        guard let failed = transaction.fetched.failedAnswers[wish] ?? nil, !isUnderWay(failed.message, conversation)
        else {
            let what =
                target.effectID == nil
                ? "no answer of the conversation has failed" : "there is no failed answer with this id"
            return auditUnknown(target, reference, signal, "\(what), or it is being retried already")
        }
        let start = EffectStart(
            effectID: EffectClass.llm.effectID(startedBy: signal.id), effectClass: .llm, kind: EffectClass.llm.kind,
            input: failed.signal.data, policy: failed.policy, round: failed.round, answers: failed.message)
        // The ordinal is the offset of the request. No other effect of that cause has this ordinal.
        let key = EffectKey(cause: failed.cause, ordinal: Int(offset))
        transaction.causes[failed.cause] = failed.signal
        let id = ids.answerRetried(key)
        audit(
            SignalType.answerRetried, id: id, subject: signal.subject, cause: reference,
            data: LifecycleData.answerRetried(id: id, effectID: start.effectID, failed))
        open(
            start, key: key, cause: failed.signal, orderedBy: reference, in: conversation,
            startsCanceled: startsCanceled)
    }

    /// Whether the answer to a message is in progress or waits.
    private func isUnderWay(_ message: String, _ conversation: ActiveConversation) -> Bool {
        if conversation.record.core.state.toolLoop?.message == message { return true }
        return ledger.effects(of: conversation.record.id).contains { key in
            guard let effect = ledger.entry(key)?.effect, effect.effectClass != .timer else { return false }
            return effect.answers == message || effect.effectID == EffectClass.llm.effectID(startedBy: message)
        }
    }
}
