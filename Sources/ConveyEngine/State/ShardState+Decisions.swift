import EffectPort
import Conversation
import JournalPort
import Signals

/// People's decisions about tool calls. `conv.audit.tool.decided` records the decision, the person, and both versions of the arguments.
/// After a restart, edited arguments are read back from it.
extension ShardState {
    /// Applies a person's decision on a tool call. If the call does not wait for approval, records only an audit signal.
    mutating func decide(_ decision: ToolDecision, by reference: SignalReference, _ signal: Signal) {
        let conversation = activate(subject: signal.subject)
        guard let key = ledger.find(decision.target, in: conversation.record.id),
            let entry = ledger.entry(key), entry.phase == .awaitingApproval, let call = entry.call
        else { return auditUnknown(decision.target, reference, signal) }
        guard decision.isApproved else {
            record(ToolVerdict(.denied, decision, signal), on: key, call, cause: reference)
            let words = decision.target.reason.map { ": \($0)" } ?? ""
            ledger.setLastSignal(reference, key: key)
            return end(key, failed: EffectFailure(.auth, "the call was denied\(words)", code: "denied"))
        }
        let edited: String?
        do { edited = try editedArguments(decision, of: call) } catch {
            return refuse(decision, because: error.message, reference, signal)
        }
        record(ToolVerdict(.approved, decision, signal, edited: edited), on: key, call, cause: reference)
        guard ledger.approve(key, arguments: edited), let approved = ledger.entry(key) else { return }
        ledger.setLastSignal(reference, key: key)
        transaction.batch.changedEffects.append(approved.effect)
    }

    /// Denies a call without a decision when its approval timeout has passed.
    mutating func expire(_ key: EffectKey) {
        guard let entry = ledger.entry(key), entry.phase == .awaitingApproval, let call = entry.call else { return }
        record(ToolVerdict.expired, on: key, call, cause: entry.lastSignal)
        end(
            key,
            failed: EffectFailure(
                .auth, "the call was denied: nobody has decided on it in time (approval_timeout)",
                code: "approval_timeout"))
    }

    /// Maximum bytes of edited arguments: the limit of a call (`ToolLimits.callBytes`).
    private static let argumentsLimit = 256 << 10

    /// Returns the arguments that replace the model's; nil to keep the model's.
    /// - Throws: `EffectFailure` if the arguments are invalid.
    private func editedArguments(_ decision: ToolDecision, of call: ToolCall) throws(EffectFailure) -> String? {
        guard let written = decision.arguments else { return nil }
        guard written.count <= Self.argumentsLimit else {
            throw EffectFailure(.config, "the arguments have more than \(Self.argumentsLimit) bytes")
        }
        guard JSONObjectView(written) != nil, let text = String(validating: written, as: UTF8.self) else {
            throw EffectFailure(.config, "the arguments must be one JSON object")
        }
        if text == call.arguments { return nil }
        if let problem = settings.effects.tools[call.name]?.argumentsProblem?(written) {
            throw EffectFailure(.config, problem)
        }
        return text
    }

    private mutating func record(
        _ verdict: ToolVerdict, on key: EffectKey, _ call: ToolCall, cause: SignalReference
    ) {
        guard let effect = ledger.entry(key)?.effect else { return }
        let id = ids.toolDecided(key)
        audit(
            SignalType.toolDecided, id: id, subject: effect.subject, cause: cause,
            data: verdict.data(id: id, effectID: effect.effectID, call))
    }

    private mutating func refuse(
        _ decision: ToolDecision, because message: String, _ reference: SignalReference, _ signal: Signal
    ) {
        let id = ids.toolDecisionRefused(reference.position)
        audit(
            SignalType.toolDecisionRefused, id: id, subject: signal.subject, cause: reference,
            data: LifecycleData.unknownTarget(
                id: id, category: "decision_refused", request: signal, decision.target, message))
    }
}
