import Conversation
import JournalPort
import Signals

/// Whose turn it is: the answers of a conversation come one at a time, and an answer goes on behind its tool calls.
extension Engine {
    /// What a message does to the answers before it.
    /// - Returns: when its generation may start, in microseconds since 1970, nil for at once; or why there is none.
    func prepareTurn(
        for effect: OpenEffect, in conversation: ActiveConversation
    ) throws(JournalError) -> Result<Int64?, EffectFailure> {
        guard effect.round == 0 else { return .success(nil) }
        let configuration = try configuration(of: conversation)
        let turns: TurnSettings
        do { turns = try settings.effects.turns.overridden(by: configuration) } catch { return .failure(error) }
        let isBusy = conversation.isTurnHeld || ledger.hasGeneration(effect.conversation)
        let cause = SignalReference(id: effect.causeID, position: effect.key.cause)
        switch turns.doubleTexting {
        case .queue: break
        case .reject:
            guard isBusy else { break }
            return .failure(
                EffectFailure(
                    .config, "an earlier message is being answered, and llm.double_texting is reject",
                    code: "double_texting_rejected"))
        case .interrupt:
            if isBusy { try interrupt(effect, cause: cause) }
        case .merge:
            for key in ledger.untriedGenerations(effect.conversation) {
                try cancel(key, reason: "merged into \(effect.causeID)", cause: cause, endsTurn: false)
            }
            guard turns.mergeWindow > .zero else { break }
            return .success(time.wall.saturatingAdd(turns.mergeWindow.milliseconds.saturatingMultiply(1_000)))
        }
        return .success(nil)
    }

    /// Cuts an answer off, its tool calls included. What only waits for its turn is answered too.
    private func interrupt(_ effect: OpenEffect, cause: SignalReference) throws(JournalError) {
        let waiting = Set(ledger.untriedGenerations(effect.conversation))
        for key in ledger.effects(of: effect.conversation) where !waiting.contains(key) {
            guard ledger.entry(key).map({ $0.effect.effectClass != .timer }) ?? false else { continue }
            try cancel(key, reason: "interrupted by \(effect.causeID)", cause: cause, endsTurn: true)
        }
    }

    /// Settings that cannot be read are told at the next message; until then the service's hold.
    func toolRoundLimit(of effect: OpenEffect) throws(JournalError) -> Int {
        let configuration = try configuration(of: activate(id: effect.conversation))
        do {
            return try settings.effects.turns.overridden(by: configuration).maxToolRounds
        } catch {
            return settings.effects.turns.maxToolRounds
        }
    }

    /// The data of the conversation's newest `conv.in.conversation.configured`.
    func configuration(of conversation: ActiveConversation) throws(JournalError) -> [UInt8]? {
        guard let position = conversation.record.core.configured else { return nil }
        if let known = conversation.configuration, known.position == position { return known.data }
        guard let data = try readSignal(at: position)?.data else {
            setAsideLater(conversation, because: "record \(position), its configuration, cannot be read")
            return nil
        }
        if data.count <= Self.configurationLimit { conversation.configuration = (position, data) }
        return data
    }

    /// Bytes of a configuration that is kept in memory with its conversation; a larger one is read each time.
    private static let configurationLimit = 4_096

    /// Lets the next generation start, unless the answer before it goes on.
    func advanceTurn(_ conversation: ActiveConversation) {
        if !conversation.isTurnHeld { ledger.advance(conversation.record.id) }
    }

    /// A person's word on a tool call.
    func decide(_ decision: ToolDecision, by reference: SignalReference, _ signal: Signal) throws(JournalError) {
        let conversation = try activate(subject: signal.subject)
        guard let key = ledger.find(decision.target, in: conversation.record.id),
            let entry = ledger.entry(key), entry.phase == .awaitingApproval
        else { return try auditUnknown(decision.target, reference, signal) }
        guard decision.isApproved else {
            let words = decision.target.reason.map { ": \($0)" } ?? ""
            ledger.setLastSignal(reference, key: key)
            return try end(key, failed: EffectFailure(.auth, "the call was denied\(words)", code: "denied"))
        }
        guard ledger.approve(key), let approved = ledger.entry(key) else { return }
        ledger.setLastSignal(reference, key: key)
        batch.changedEffects.append(approved.effect)
    }

    /// Cancels one effect.
    func cancel(_ target: EffectTarget, by reference: SignalReference, _ signal: Signal) throws(JournalError) {
        let conversation = try activate(subject: signal.subject)
        guard let key = ledger.find(target, in: conversation.record.id) else {
            return try auditUnknown(target, reference, signal)
        }
        try cancel(key, reason: target.reason ?? signal.type, cause: reference, endsTurn: false)
    }

    private func auditUnknown(
        _ target: EffectTarget, _ reference: SignalReference, _ signal: Signal
    ) throws(JournalError) {
        let id = ids.unknownTarget(reference.position)
        try audit(
            SignalType.effectUnknownTarget, id: id, subject: signal.subject, cause: reference,
            data: LifecycleData.unknownTarget(id: id, request: signal, target))
    }
}
