import EffectPort
import Conversation
import JournalPort
import Signals

/// The order of a conversation's answers: one at a time, and an answer continues after its tool calls.
extension ShardState {
    /// The effect of a message on the answers before it.
    /// - Returns: when its generation may start, in microseconds since 1970, nil for at once; or why there is none.
    mutating func prepareTurn(
        for effect: OpenEffect, in conversation: ActiveConversation
    ) -> Result<Int64?, EffectFailure> {
        guard effect.round == 0 else { return .success(nil) }
        let configuration = configuration(of: conversation)
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
            if isBusy { interrupt(effect, cause: cause) }
        case .merge:
            for key in ledger.untriedGenerations(effect.conversation) {
                cancel(key, reason: "merged into \(effect.causeID)", cause: cause, endsTurn: false)
            }
            guard turns.mergeWindow > .zero else { break }
            return .success(
                transaction.time.wall.saturatingAdd(turns.mergeWindow.milliseconds.saturatingMultiply(1_000)))
        }
        return .success(nil)
    }

    /// Cuts an answer off, its tool calls included. Messages that only wait for their turn are still answered.
    private mutating func interrupt(_ effect: OpenEffect, cause: SignalReference) {
        let waiting = Set(ledger.untriedGenerations(effect.conversation))
        for key in ledger.effects(of: effect.conversation) where !waiting.contains(key) {
            guard ledger.entry(key).map({ $0.effect.effectClass != .timer }) ?? false else { continue }
            cancel(key, reason: "interrupted by \(effect.causeID)", cause: cause, endsTurn: true)
        }
    }

    /// Unreadable settings are reported at the next message; until then the service's settings apply.
    mutating func toolRoundLimit(of effect: OpenEffect) -> Int {
        let configuration = configuration(of: active(effect.conversation))
        do {
            return try settings.effects.turns.overridden(by: configuration).maxToolRounds
        } catch {
            return settings.effects.turns.maxToolRounds
        }
    }

    /// The data of the conversation's newest `conv.in.conversation.configured`.
    mutating func configuration(of conversation: ActiveConversation) -> [UInt8]? {
        guard let position = conversation.record.core.configured else { return nil }
        if let known = conversation.configuration, known.position == position { return known.data }
        guard let signal = transaction.signal(at: position) else {
            setAsideLater(conversation, because: "record \(position), its configuration, cannot be read")
            return nil
        }
        keepConfiguration(signal, position, conversation)
        return signal.data
    }

    /// Keeps a configuration in memory with its conversation; one that is too large is fetched for each transaction.
    mutating func keepConfiguration(_ signal: Signal, _ position: Position, _ conversation: ActiveConversation) {
        if signal.data.count <= Self.configurationLimit {
            conversation.configuration = (position, signal.data)
        } else {
            transaction.causes[position] = signal
        }
    }

    /// The maximum bytes of a configuration kept in memory with its conversation.
    private static let configurationLimit = 4_096

    /// Lets the next generation start, unless the answer before it continues.
    mutating func advanceTurn(_ conversation: ActiveConversation) {
        if !conversation.isTurnHeld { ledger.advance(conversation.record.id) }
    }

    /// Cancels one effect.
    mutating func cancel(_ target: EffectTarget, by reference: SignalReference, _ signal: Signal) {
        let conversation = activate(subject: signal.subject)
        guard let key = ledger.find(target, in: conversation.record.id) else {
            return auditUnknown(target, reference, signal)
        }
        cancel(key, reason: target.reason ?? signal.type, cause: reference, endsTurn: false)
    }

    mutating func auditUnknown(
        _ target: EffectTarget, _ reference: SignalReference, _ signal: Signal,
        _ message: String = "no open effect of the conversation has this id, or it does not wait for this"
    ) {
        let id = ids.unknownTarget(reference.position)
        audit(
            SignalType.effectUnknownTarget, id: id, subject: signal.subject, cause: reference,
            data: LifecycleData.unknownTarget(id: id, request: signal, target, message))
    }
}
