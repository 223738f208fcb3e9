import EffectPort
import Conversation
import JournalPort
import Signals

/// Answers that people have made once more.
extension ShardState {
    /// Makes an answer that has failed once more: a new effect, with the same input and behind the answers that wait already. What has not
    /// failed, or is under way again, is told as an audit signal.
    mutating func retry(
        _ target: EffectTarget, by reference: SignalReference, _ signal: Signal, offset: Int64,
        in conversation: ActiveConversation, startsCanceled: Bool
    ) {
        let wish = RetryWish(signal, in: conversation.record.id)
        guard let failed = transaction.fetched.failedAnswers[wish] ?? nil, !isUnderWay(failed.message, conversation)
        else {
            let what =
                target.effectID == nil ? "no answer of the conversation has failed" : "this answer has not failed"
            return auditUnknown(target, reference, signal, "\(what), or it is being made once more already")
        }
        let start = EffectStart(
            effectID: EffectClass.llm.effectID(startedBy: signal.id), effectClass: .llm, kind: EffectClass.llm.kind,
            input: failed.signal.data, policy: failed.policy, round: failed.round, answers: failed.message)
        // The offset of the request: no other effect of that cause has this number.
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

    /// Whether the answer to a message is being written, or waits.
    private func isUnderWay(_ message: String, _ conversation: ActiveConversation) -> Bool {
        if conversation.record.core.state.toolLoop?.message == message { return true }
        return ledger.effects(of: conversation.record.id).contains { key in
            guard let effect = ledger.entry(key)?.effect, effect.effectClass != .timer else { return false }
            return effect.answers == message || effect.effectID == EffectClass.llm.effectID(startedBy: message)
        }
    }
}
