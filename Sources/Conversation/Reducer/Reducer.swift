import Signals

/// Applies signals to a conversation: a pure function of state and signal to state and directives.
public enum Reducer {
    /// Applies `signal` to `state` and returns what must be done, in order. Markers (`conv.applied.*`) change the state
    /// and cause no directives.
    ///
    /// - Parameters:
    ///   - offset: the signal's offset in its conversation.
    ///   - recordHash: the hash of the signal's record. The digest contains it, so that a change to
    ///     any byte of a recorded signal is detected.
    public static func apply(
        _ signal: Signal, priority: Priority, offset: Int64, recordHash: UInt64, to state: inout ConversationState
    ) -> [Directive] {
        let family = Family(type: signal.type)
        // Only a few types need their data.
        let data = needsData(signal.type, family) ? JSONObjectView(signal.data) ?? .empty : .empty
        let event = ConversationState.Event(
            id: signal.id, type: signal.type, priority: priority, offset: offset)
        let effect = family == .effect ? EffectChange(data) : nil
        let flag = flag(signal.type)
        let toolStep = ToolLoop.step(signal, data, isControl: flag != nil, loop: &state.toolLoop)
        state.record(event, family: family, flag: flag, effect: effect, hash: recordHash)
        guard family != .applied else { return [] }

        var directives: [Directive] = [.emitAppliedMarker]
        switch signal.type {
        case SignalType.messageReceived: directives.append(.startEffect(start(.llm, signal, data)))
        case SignalType.timerTick: directives.append(.startEffect(start(.timer, signal, data)))
        case SignalType.toolApproved, SignalType.toolDenied:
            directives.append(.decide(ToolDecision(data, isApproved: signal.type == SignalType.toolApproved)))
        case SignalType.answerRetryRequested: directives.append(.retryAnswer(EffectTarget(data)))
        case SignalType.effectCancelRequested: directives.append(.cancelEffect(EffectTarget(data)))
        case SignalType.timerCancelRequested:
            let timer = data["timer_id"]?.string.map(EffectClass.timer.effectID(startedBy:))
            directives.append(.cancelEffect(EffectTarget(effectID: timer, data)))
        default:
            if flag != nil {
                directives.append(.cancelEffects(reason: signal.type))
            } else if family == .effect {
                directives += EffectOutputs(signal: signal, data: data).directives()
            }
        }
        return directives + toolStep
    }

    private static func needsData(_ type: String, _ family: Family?) -> Bool {
        switch family {
        case .effect: true
        case .inbound: inboundWithData.contains(type)
        case .applied, .output, .audit, .none: false
        }
    }

    private static let inboundWithData: Set<String> = [
        SignalType.messageReceived, SignalType.timerTick, SignalType.timerCancelRequested, SignalType.toolApproved,
        SignalType.toolDenied, SignalType.effectCancelRequested, SignalType.answerRetryRequested,
    ]

    /// The request of a control signal; all of them cancel everything in flight.
    private static func flag(_ type: String) -> ConversationState.Flags? {
        switch type {
        case SignalType.abortRequested: .abortRequested
        case SignalType.stopRequested: .stopRequested
        case SignalType.cancelRequested: .cancelRequested
        default: nil
        }
    }

    private static func start(_ effectClass: EffectClass, _ signal: Signal, _ data: JSONObjectView) -> EffectStart {
        let policy = data["effect_policy"]?.orNone.map { Array($0.raw) }
        return EffectStart(
            effectID: effectClass.effectID(startedBy: signal.id), effectClass: effectClass, kind: effectClass.kind,
            input: data.isEmpty ? Array("{}".utf8) : signal.data, policy: policy)
    }
}

extension ConversationState {
    /// Counts a signal, applies its changes and chains its record's hash. O(1) in the number of signals applied.
    mutating func record(_ event: Event, family: Family?, flag: Flags?, effect: EffectChange?, hash recordHash: UInt64)
    {
        appliedCount += 1
        counts[family] += 1
        if let flag { flags.insert(flag) }
        if let effect { inFlight[effect.effectID] = effect.progress }
        lastEvent = event
        digest = digest(applying: recordHash, priority: event.priority)
    }

    /// The digest after one more applied signal. It needs only the record's hash, so it can be computed after the
    /// content was removed.
    package func digest(applying recordHash: UInt64, priority: Priority) -> UInt64 {
        var hash = StableHash()
        hash.combine(digest)
        hash.combine(byte: priority.rawValue)
        hash.combine(recordHash)
        return hash.value
    }
}
