import EffectPort
import Conversation
import JournalPort
import Observability
import Signals

/// The life of effects: every step is a signal recorded in the current transaction.
extension ShardState {
    /// How to run an effect that Convey can run.
    private struct Plan {
        var policy: EffectPolicy
        /// Microseconds since 1970; nil for immediately.
        var due: Int64?
    }

    /// Takes an effect on. It ends at once, without an attempt, when an abort has overtaken it or it cannot be run as asked.
    /// - Parameters:
    ///   - signal: recorded at the key's position.
    ///   - cause: the signal whose application has ordered the effect: the same, except for a retried answer.
    mutating func open(
        _ start: EffectStart, key: EffectKey, cause signal: Signal, orderedBy cause: SignalReference,
        in conversation: ActiveConversation, startsCanceled: Bool
    ) {
        var effect = OpenEffect(
            key: key, conversation: conversation.record.id, subject: signal.subject, effectClass: start.effectClass,
            kind: start.kind, effectID: start.effectID, causeID: signal.id, round: start.round, answers: start.answers,
            policy: start.policy)
        let call = start.effectClass == .tool ? ToolCall(decoding: start.input) : nil
        let plan: Result<Plan, EffectFailure> =
            startsCanceled
            ? .success(Plan(policy: settings.effects.policy(of: effect.effectClass)))
            : self.plan(effect, start, call: call, in: conversation)
        let policy: EffectPolicy
        switch plan {
        case .success(let plan):
            policy = plan.policy
            effect.dueAt = plan.due
            // A call that cannot run needs no approval.
            let runs = call?.unreadableArguments == nil
            if runs, let tool = call.flatMap({ settings.effects.tools[$0.name] }), tool.requiresApproval {
                effect.awaitsApproval = true
                effect.dueAt = approvalDeadline(tool)
            }
        case .failure: policy = settings.effects.policy(of: effect.effectClass)
        }
        // A timer runs from the beginning.
        if effect.effectClass == .timer { effect.attempt = 1 }
        var entry = EffectLedger.Entry(effect: effect, policy: policy, lastSignal: cause)
        entry.traceparent = signal.traceparent
        entry.call = call
        ledger.open(entry, due: effect.dueAt.map(monotonic), isTurnHeld: conversation.isTurnHeld)
        transaction.batch.openedEffects.append(effect)
        if startsCanceled {
            return cancel(key, reason: "canceled before it started", cause: cause, endsTurn: true)
        }
        if case .failure(let failure) = plan { return end(key, failed: failure) }
        announce(entry)
    }

    /// When a call that nobody has decided on counts as denied: microseconds since 1970; nil for never.
    private func approvalDeadline(_ tool: ToolPolicy) -> Int64? {
        let limit = tool.approvalTimeout ?? settings.effects.approvalTimeout
        guard limit > .zero else { return nil }
        return transaction.time.wall.saturatingAdd(limit.milliseconds.saturatingMultiply(1_000))
    }

    private mutating func plan(
        _ effect: OpenEffect, _ start: EffectStart, call: ToolCall?, in conversation: ActiveConversation
    ) -> Result<Plan, EffectFailure> {
        var plan: Plan
        do throws(EffectFailure) {
            try checkRoom(for: effect)
            plan = Plan(policy: try policy(of: effect, call: call))
            if effect.effectClass == .timer {
                plan.due = try TimerDeadline.microseconds(start.input, recordedAt: transaction.time.wall)
            }
        } catch {
            return .failure(error)
        }
        guard effect.effectClass == .llm, !effect.isRetry else { return .success(plan) }
        return prepareTurn(for: effect, in: conversation).map { due in
            plan.due = due
            return plan
        }
    }

    /// Records the signal for an effect that starts later.
    private mutating func announce(_ entry: EffectLedger.Entry) {
        let effect = entry.effect
        if effect.effectClass == .timer {
            let data = LifecycleData.timer(
                "started", entry, fireAt: timestamps.text(effect.dueAt ?? transaction.time.wall))
            appendLifecycle("started", of: entry, cause: entry.lastSignal, data: data)
            metrics.effects[.timer, .started] += 1
        }
        if effect.awaitsApproval, let call = entry.call {
            let id = ids.approvalRequest(effect.key)
            let request = Signal(
                id: id, source: DerivedSource.effects, type: SignalType.toolApprovalRequested,
                subject: effect.subject,
                cause: .signal(entry.lastSignal.id), traceparent: entry.traceparent,
                data: LifecycleData.approvalRequest(
                    id: id, entry, call, expiresAt: effect.dueAt.map { timestamps.text($0) }))
            append(
                request, hash: IdentityHash.of(subject: effect.subject, id: id), cause: entry.lastSignal.position)
        }
    }

    /// The policy of an effect: its class's policy, overridden by its tool's, overridden by its signal's.
    func policy(of effect: OpenEffect, call: ToolCall?) throws(EffectFailure) -> EffectPolicy {
        var policy = settings.effects.policy(of: effect.effectClass)
        if let tool = call.flatMap({ settings.effects.tools[$0.name] }) {
            policy.timeout = tool.timeout ?? policy.timeout
            policy.maxAttempts = tool.maxAttempts ?? policy.maxAttempts
            policy.unavailableFor = tool.unavailableFor ?? policy.unavailableFor
        }
        return try policy.overridden(by: effect.policy, bounds: settings.effects.bounds)
    }

    private func checkRoom(for effect: OpenEffect) throws(EffectFailure) {
        let effects = settings.effects
        if effect.effectClass == .timer, ledger.timers >= effects.timerLimit {
            throw EffectFailure(.config, "\(effects.timerLimit) timers wait already (effects.timer.limit)")
        }
        let limit = effects.policy(of: effect.effectClass).queueLimit
        if effect.effectClass != .timer, ledger.waitingForPlace(effect.effectClass) >= limit {
            let name = effect.effectClass.rawValue
            throw EffectFailure(.config, "\(limit) effects wait for a place already (effects.\(name).queue_limit)")
        }
    }

    // MARK: Attempts

    /// Starts attempts while there are free slots and the data they need are available.
    mutating func startEffects() {
        while let waiting = ledger.nextStartable() {
            if let lacking = lacks(start: waiting) {
                wanted = wanted.union(lacking)
                return
            }
            if let failure = failureAfterRestart(waiting) {
                end(waiting.effect.key, failed: failure)
            } else {
                start(waiting.effect.key)
            }
        }
    }

    /// Attempts that restarts may end before the effect counts as the cause of the crashes.
    private static let restartAllowance = 20

    func failureAfterRestart(_ entry: EffectLedger.Entry) -> EffectFailure? {
        guard entry.wasInterrupted else { return nil }
        if entry.policy.afterRestart == .fail {
            let name = entry.effect.effectClass.rawValue
            return EffectFailure(
                .unknown, "Convey ended while the attempt ran, and effects.\(name).after_restart is fail")
        }
        if entry.interruptions >= Self.restartAllowance {
            return EffectFailure(.unknown, "Convey ended \(Self.restartAllowance) times while an attempt ran")
        }
        return nil
    }

    private mutating func start(_ key: EffectKey) {
        guard let started = ledger.start(key, now: transaction.time.monotonic) else { return }
        var entry = started
        let effect = entry.effect
        let conversation = active(effect.conversation)
        guard let cause = transaction.signal(at: key.cause) else {
            return setAside(
                conversation, because: "record \(key.cause), which ordered \(effect.effectID), cannot be read")
        }
        ledger.setTraceparent(cause.traceparent, key: effect.key)
        entry.traceparent = cause.traceparent
        let data = LifecycleData.started(entry, reset: started.effect.attempt > 1 && started.mayHaveStreamed)
        appendLifecycle("started", of: entry, cause: entry.lastSignal, data: data)
        transaction.batch.changedEffects.append(effect)
        let attempt = EffectAttempt(
            idempotencyKey: ids.key(effect.key), effect: effect,
            input: effect.round == 0 ? cause.data : entry.call?.encode() ?? Array("{}".utf8),
            call: entry.call, toolRound: effect.round, configuration: configuration(of: conversation),
            contextThrough: lastPosition, limits: entry.policy.limits, traceparent: cause.traceparent)
        transaction.output.orders.append(.run(attempt))
        metrics.effects[effect.effectClass.metric, effect.attempt == 1 ? .started : .retried] += 1
    }

    /// Records the reports of an attempt. Reports after the effect's end are recorded as audit signals, and change
    /// nothing.
    mutating func record(_ report: EffectReport) {
        let effect = report.effect
        // Its attempt was stopped, and is repeated once the conversation can be loaded.
        guard setAside[effect.conversation] == nil else { return }
        switch report.event {
        case .delta(let delta):
            guard let entry = ledger.append(delta, of: effect) else { return }
            let index = entry.deltas - 1
            let id = ids.delta(effect.key, attempt: effect.attempt, index: index)
            appendLifecycle(
                "progress", id: id, of: entry, cause: entry.lastSignal,
                data: LifecycleData.delta(entry, index: index, delta))
        case .completed(let result):
            guard isCurrent(effect) else { return recordLate(effect, "completed", text: result.content) }
            complete(effect, result)
        case .failed(let failure):
            guard isCurrent(effect) else { return recordLate(effect, "failed", text: failure.message) }
            fail(effect, failure)
        }
    }

    private func isCurrent(_ effect: OpenEffect) -> Bool {
        ledger.entry(effect.key).map { $0.isRunning && $0.effect.attempt == effect.attempt } ?? false
    }

    private mutating func recordLate(_ effect: OpenEffect, _ lifecycle: String, text: String) {
        let id = ids.lateResult(effect.key, at: nextPosition)
        audit(
            SignalType.effectLateResult, id: id, subject: effect.subject,
            data: LifecycleData.lateResult(id: id, effect, lifecycle: lifecycle, text: text))
    }

    mutating func audit(
        _ type: String, id: String, subject: String, cause: SignalReference? = nil, data: [UInt8]
    ) {
        let notice = Signal(
            id: id, source: DerivedSource.effects, type: type, subject: subject,
            cause: cause.map { .signal($0.id) } ?? .none, data: data)
        append(notice, hash: IdentityHash.of(subject: subject, id: id), cause: cause?.position)
    }

    private mutating func complete(_ effect: OpenEffect, _ result: EffectResult) {
        let key = effect.key
        if !result.toolCalls.isEmpty, let open = ledger.entry(key) {
            // Otherwise the answer would wait forever for a call that cannot be made.
            guard result.toolCalls.allSatisfy({ !$0.id.isEmpty && !$0.name.isEmpty }) else {
                let message = "the model called a tool without naming it"
                return fail(effect, EffectFailure(.provider, message, code: "invalid_tool_calls"))
            }
            let limit = toolRoundLimit(of: open.effect)
            guard open.effect.round < limit else {
                let message =
                    "the model asked for tools in more than \(limit) generations in a row (llm.max_tool_rounds)"
                return end(key, failed: EffectFailure(.config, message, code: "max_tool_rounds"))
            }
        }
        guard let entry = ledger.close(key) else { return }
        var result = result
        if result.isContentStreamed { result.content = streamedText(of: entry) }
        end(
            entry, "completed", cause: entry.lastSignal, outcome: .completed,
            data: LifecycleData.completed(entry, result))
    }

    // MARK: Time

    /// Handles everything due: timers fire, pauses end, overdue attempts are stopped.
    mutating func carryOutDue() {
        for due in transaction.due {
            switch due {
            case .fire(let key):
                guard let entry = ledger.close(key) else { continue }
                let fireAt = timestamps.text(entry.effect.dueAt ?? transaction.time.wall)
                end(
                    entry, "completed", cause: entry.lastSignal, outcome: .completed,
                    data: LifecycleData.timer("completed", entry, fireAt: fireAt))
            case .timeout(let key):
                guard let entry = ledger.entry(key), entry.isRunning else { continue }
                transaction.output.orders.append(.stop(key))
                let seconds = Double(entry.policy.timeout.milliseconds) / 1_000
                fail(entry.effect, EffectFailure(.timeout, "the attempt took longer than \(seconds) s"))
            case .expire(let key): expire(key)
            }
        }
    }

    /// Converts a wall-clock time to the clock of the deadlines: later jumps of the wall clock do not move it.
    ///
    /// Negative for times before this boot: that clock may be younger than the journal. Such times keep their order.
    func monotonic(_ wall: Int64) -> Int64 {
        let ahead = wall.saturatingSubtract(transaction.time.wall)
        // Rounded up, so that nothing fires early.
        return transaction.time.monotonic.saturatingAdd(ahead.saturatingAdd(999) / 1_000)
    }

    // MARK: Ending

    /// Ends an effect as canceled, with the text it streamed so far.
    /// - Parameter endsTurn: the answer that the effect belongs to ends with it.
    mutating func cancel(
        _ key: EffectKey, reason: String, cause: SignalReference, endsTurn: Bool
    ) {
        guard let entry = ledger.close(key) else { return }
        if entry.isRunning { transaction.output.orders.append(.stop(key)) }
        let text = streamedText(of: entry)
        end(
            entry, "canceled", cause: cause, outcome: .canceled,
            data: LifecycleData.canceled(entry, reason: reason, text: text, endsTurn: endsTurn))
    }

    mutating func end(_ key: EffectKey, failed failure: EffectFailure) {
        guard let entry = ledger.close(key) else { return }
        end(entry, failed: failure)
    }

    private mutating func end(_ entry: EffectLedger.Entry, failed failure: EffectFailure) {
        let text = streamedText(of: entry)
        end(
            entry, "failed", cause: entry.lastSignal, outcome: .failed,
            data: LifecycleData.failed(entry, failure, text: text))
    }

    private mutating func end(
        _ entry: EffectLedger.Entry, _ lifecycle: String, cause: SignalReference, outcome: EffectCounts.Outcome,
        data: [UInt8]
    ) {
        appendLifecycle(lifecycle, of: entry, cause: cause, data: data)
        closed(entry, outcome)
    }

    private mutating func closed(_ entry: EffectLedger.Entry, _ outcome: EffectCounts.Outcome) {
        transaction.batch.closedEffects.append(entry.effect.key)
        metrics.effects[entry.effect.effectClass.metric, outcome] += 1
        guard entry.effect.effectClass == .llm else { return }
        transaction.endedGenerations.insert(entry.effect.conversation)
        advanceTurn(active(entry.effect.conversation))
    }

    /// A terminal signal published from outside for one of our effects ends the effect.
    mutating func endFromOutside(_ signal: Signal, in conversation: ActiveConversation) {
        guard ["completed", "failed", "canceled"].contains(where: { signal.type.hasSuffix(".\($0)") }),
            let id = JSONObjectView(signal.data)?["effect_id"]?.string,
            let key = ledger.find(effectID: id, in: conversation.record.id),
            let entry = ledger.entry(key),
            signal.type.hasPrefix(SignalType.effectPrefix(entry.effect.effectClass.rawValue, entry.effect.kind))
        else { return }
        _ = ledger.close(key)
        if entry.isRunning { transaction.output.orders.append(.stop(key)) }
        let outcome: EffectCounts.Outcome =
            signal.type.hasSuffix(".completed") ? .completed : signal.type.hasSuffix(".failed") ? .failed : .canceled
        closed(entry, outcome)
    }

    /// The text streamed by the newest attempt. It is in memory if the effect may end in this transaction.
    private func streamedText(of entry: EffectLedger.Entry) -> String {
        guard case .held(let text) = entry.text else {
            preconditionFailure("the text of \(entry.effect.key) was not fetched")
        }
        return text
    }

    mutating func appendLifecycle(
        _ lifecycle: String, id: String? = nil, of entry: EffectLedger.Entry, cause: SignalReference, data: [UInt8]
    ) {
        let effect = entry.effect
        let id = id ?? ids.effect(effect.key, attempt: effect.attempt, lifecycle: lifecycle)
        let signal = Signal(
            id: id, source: DerivedSource.effects,
            type: SignalType.effect(effect.effectClass.rawValue, effect.kind, lifecycle), subject: effect.subject,
            cause: .signal(cause.id), traceparent: entry.traceparent, data: data)
        let record = append(
            signal, hash: IdentityHash.of(subject: effect.subject, id: id), cause: cause.position)
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
