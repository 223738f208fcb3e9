import Conversation

/// The life of effects: every step is a signal recorded in the transaction at hand.
extension Engine {
    /// Takes an effect on. One that an abort has overtaken ends at once, without an attempt.
    func open(_ effect: OpenEffect, startsCanceled: Bool) throws(JournalError) {
        ledger.open(effect)
        batch.openedEffects.append(effect)
        if startsCanceled {
            let cause = SignalReference(id: effect.causeID, position: effect.key.cause)
            try cancel(effect.key, reason: "canceled before it started", cause: cause)
        }
    }

    /// Starts attempts while there are free places.
    func startEffects() throws(JournalError) {
        while var entry = ledger.startNext() {
            let effect = entry.effect
            let cause = try signal(at: effect.key.cause, of: activate(id: effect.conversation))
            ledger.setTraceparent(cause.traceparent, key: effect.key)
            entry.traceparent = cause.traceparent
            let id = DerivedID.effect(effect.key, attempt: effect.attempt, lifecycle: "started")
            try appendLifecycle(
                "started", id: id, of: entry, cause: entry.lastSignal, data: LifecycleData.started(entry))
            batch.startedAttempts.append((effect: effect.key, attempt: effect.attempt))
            output.orders.append(.run(EffectAttempt(effect: effect, input: cause.data)))
            metrics.effects[effect.effectClass.metric, effect.attempt == 1 ? .started : .retried] += 1
        }
    }

    /// Records what an attempt reports, unless its effect has ended or a newer attempt runs.
    func record(_ report: EffectReport) throws(JournalError) {
        switch report.event {
        case .delta(let delta):
            guard let entry = ledger.append(delta.text, key: report.key, attempt: report.attempt) else { return }
            let index = entry.deltas - 1
            try appendLifecycle(
                "progress", id: DerivedID.delta(report.key, attempt: report.attempt, index: index), of: entry,
                cause: entry.lastSignal, data: LifecycleData.delta(entry, index: index, delta.text))
        case .completed(let result):
            guard isCurrent(report), let entry = ledger.close(report.key) else { return }
            try end(
                entry, "completed", cause: entry.lastSignal, outcome: .completed,
                data: LifecycleData.completed(
                    entry, content: result.content, finishReason: result.finishReason ?? "stop"))
        case .failed(let failure):
            guard isCurrent(report), let entry = ledger.close(report.key) else { return }
            try end(
                entry, "failed", cause: entry.lastSignal, outcome: .failed,
                data: LifecycleData.failed(entry, category: failure.category, message: failure.message))
        }
    }

    private func isCurrent(_ report: EffectReport) -> Bool {
        ledger.entry(report.key)?.effect.attempt == report.attempt
    }

    /// Ends an effect as canceled, with the text it streamed so far.
    func cancel(_ key: EffectKey, reason: String, cause: SignalReference) throws(JournalError) {
        guard let entry = ledger.close(key) else { return }
        if entry.isRunning { output.orders.append(.stop(key)) }
        try end(
            entry, "canceled", cause: cause, outcome: .canceled, data: LifecycleData.canceled(entry, reason: reason))
    }

    private func end(
        _ entry: EffectLedger.Entry, _ lifecycle: String, cause: SignalReference, outcome: EffectCounts.Outcome,
        data: [UInt8]
    ) throws(JournalError) {
        let id = DerivedID.effect(entry.effect.key, attempt: entry.effect.attempt, lifecycle: lifecycle)
        try appendLifecycle(lifecycle, id: id, of: entry, cause: cause, data: data)
        batch.closedEffects.append(entry.effect.key)
        metrics.effects[entry.effect.effectClass.metric, outcome] += 1
    }

    private func appendLifecycle(
        _ lifecycle: String, id: String, of entry: EffectLedger.Entry, cause: SignalReference, data: [UInt8]
    ) throws(JournalError) {
        let effect = entry.effect
        let signal = Signal(
            id: id, source: DerivedSource.effects,
            type: "conv.effect.\(effect.effectClass.rawValue).\(effect.kind).\(lifecycle)", subject: effect.subject,
            cause: .signal(cause.id), traceparent: entry.traceparent, data: data)
        let record = try append(
            signal, hash: IdentityIndex.hash(subject: effect.subject, id: id), cause: cause.position)
        ledger.setLastSignal(SignalReference(id: id, position: record.position), key: effect.key)
    }
}

extension EffectClass {
    var metric: EffectCounts.Class {
        switch self {
        case .llm: .llm
        case .tool: .tool
        case .timer: .timer
        }
    }
}
