import EffectPort
import Conversation
import JournalPort
import Signals

/// The `data` of the signals that Convey makes itself, as JSON.
enum LifecycleData {
    /// `reset` tells a client that the attempt does not continue the text of an earlier one.
    static func started(_ entry: EffectLedger.Entry, reset: Bool) -> [UInt8] {
        var data = lifecycle("started", entry)
        if reset { data.add("reset", json: "true".utf8) }
        if let call = entry.call { data.add("arguments", call.arguments) }
        return data.finish()
    }

    static func timer(_ name: String, _ entry: EffectLedger.Entry, fireAt: String) -> [UInt8] {
        var data = lifecycle(name, entry)
        data.add("fire_at", fireAt)
        return data.finish()
    }

    static func delta(_ entry: EffectLedger.Entry, index: Int, _ delta: EffectDelta) -> [UInt8] {
        var data = lifecycle("progress", entry)
        data.add("index", index)
        // Members that outputs carry over.
        data.add("sequence", index)
        switch delta.kind {
        case .content: data.add("delta", delta.text)
        case .thinking: data.add("thinking", delta.text)
        case .message: data.add("message", delta.text)
        }
        return data.finish()
    }

    static func completed(_ entry: EffectLedger.Entry, _ result: EffectResult) -> [UInt8] {
        var data = lifecycle("completed", entry)
        data.add("content", result.content)
        if entry.effect.effectClass == .llm {
            data.add("finish_reason", finishReason(result))
        }
        data.add("deltas", entry.deltas)
        if entry.hasEditedArguments, let call = entry.call { data.add("edited_arguments", call.arguments) }
        if !result.toolCalls.isEmpty {
            data.add("tool_calls", json: toolCalls(result.toolCalls))
            data.add("tool_round", entry.effect.round)
            if let policy = entry.effect.policy { data.add("effect_policy", json: policy) }
        }
        data.addMembers(of: result.details)
        return data.finish()
    }

    /// `tool_calls` tells everybody that the answer continues: exactly if there are calls. Some providers say stop
    /// then.
    private static func finishReason(_ result: EffectResult) -> String {
        if !result.toolCalls.isEmpty { return "tool_calls" }
        guard let reason = result.finishReason, reason != "tool_calls" else { return "stop" }
        return reason
    }

    private static func toolCalls(_ calls: [ToolCall]) -> [UInt8] {
        let encoded = calls.map { $0.encodeWithMembers() }
        return Array("[".utf8) + encoded.joined(separator: ",".utf8) + Array("]".utf8)
    }

    static func failed(_ entry: EffectLedger.Entry, _ failure: EffectFailure, text: String) -> [UInt8] {
        var data = lifecycle("failed", entry)
        data.add("category", failure.category.rawValue)
        if let code = failure.code { data.add("code", code) }
        data.add("message", failure.message)
        data.add("content", text)
        if entry.effect.effectClass == .llm {
            // The values that a retry of the answer needs: `GenerationEnd`.
            data.add("ordered_by", entry.effect.causeID)
            if entry.effect.round > 0 { data.add("tool_round", entry.effect.round) }
            if let policy = entry.effect.policy { data.add("effect_policy", json: policy) }
        }
        return data.finish()
    }

    /// - Parameters:
    ///   - text: the text streamed until then.
    ///   - endsTurn: the answer that the effect belongs to ends with it.
    static func canceled(
        _ entry: EffectLedger.Entry, reason: String, text: String, endsTurn: Bool
    ) -> [UInt8] {
        var data = lifecycle("canceled", entry)
        data.add("reason", reason)
        data.add("content", text)
        data.add("deltas", entry.deltas)
        if endsTurn { data.add("ends_turn", json: "true".utf8) }
        return data.finish()
    }

    /// Asks people to approve a tool call.
    /// - Parameter expiresAt: when it counts as denied, as the time of an event is spelled; nil for never.
    static func approvalRequest(
        id: String, _ entry: EffectLedger.Entry, _ call: ToolCall, expiresAt: String?
    ) -> [UInt8] {
        var data = JSONObjectBuilder()
        data.add("output_id", id)
        data.add("channel", "primary")
        data.add("effect_id", entry.effect.effectID)
        if let message = entry.effect.answers { data.add("metadata") { $0.add("answers", message) } }
        data.add("tool_name", call.name)
        data.add("tool_call_id", call.id)
        data.add("arguments", call.arguments)
        if let expiresAt { data.add("expires_at", expiresAt) }
        return data.finish()
    }

    /// Tells people that an answer or a tool call waits for its next attempt.
    /// - Parameters:
    ///   - since: when the first of the attempts failed.
    ///   - retryAt: when the next attempt starts; both as the time of an event is spelled.
    static func waiting(
        _ entry: EffectLedger.Entry, _ failure: EffectFailure, pause: Duration, since: String, retryAt: String
    ) -> [UInt8] {
        var data = JSONObjectBuilder()
        data.add("output_id", "\(entry.call == nil ? "assistant" : "tool")-\(entry.effect.effectID)")
        data.add("channel", "primary")
        data.add("effect_id", entry.effect.effectID)
        data.add("lifecycle", "waiting")
        data.add("status", "waiting")
        data.add("attempt", entry.effect.attempt)
        if let message = entry.effect.answers { data.add("metadata") { $0.add("answers", message) } }
        data.add("reason", failure.category.rawValue)
        data.add("message", failure.message)
        data.add("retry_in_ms", pause.milliseconds)
        data.add("retry_at", retryAt)
        data.add("since", since)
        if entry.outage != nil { data.add("unavailable", json: "true".utf8) }
        if let asked = failure.retryAfter { data.add("retry_after_ms", asked.milliseconds) }
        if let call = entry.call {
            data.add("tool_name", call.name)
            data.add("tool_call_id", call.id)
        }
        return data.finish()
    }

    /// What a start-up reads back is in here, too: `RecordedWait`.
    static func attemptFailed(
        id: String, _ entry: EffectLedger.Entry, _ failure: EffectFailure, pause: Duration, since: String
    ) -> [UInt8] {
        var data = effectAudit(id, category: "attempt_failed", entry.effect)
        data.add("reason", failure.category.rawValue)
        data.add("message", failure.message)
        data.add("retry_in_ms", pause.milliseconds)
        data.add("since", since)
        if entry.interruptions > 0 { data.add("interruptions", entry.interruptions) }
        if let outage = entry.outage {
            data.add("unavailable_attempts", outage.attempts)
            data.add("unavailable_ms", outage.spent)
        }
        return data.finish()
    }

    static func lateResult(id: String, _ effect: OpenEffect, lifecycle: String, text: String) -> [UInt8] {
        var data = effectAudit(id, category: "late_result", effect)
        data.add("lifecycle", lifecycle)
        data.add("content", text)
        return data.finish()
    }

    static func answerRetried(id: String, effectID: String, _ failed: FailedAnswer) -> [UInt8] {
        var data = JSONObjectBuilder()
        data.add("audit_id", id)
        data.add("category", "answer_retried")
        data.add("effect_id", effectID)
        data.add("failed_effect_id", failed.effectID)
        data.add("metadata") { $0.add("answers", failed.message) }
        return data.finish()
    }

    static func unknownTarget(
        id: String, category: StaticString = "no_such_effect", request: Signal, _ target: EffectTarget,
        _ message: String
    ) -> [UInt8] {
        var data = JSONObjectBuilder()
        data.add("audit_id", id)
        data.add("category", category.description)
        data.add("signal_id", request.id)
        data.add("signal_type", request.type)
        if let effect = target.effectID { data.add("effect_id", effect) }
        if let call = target.toolCallID { data.add("tool_call_id", call) }
        data.add("message", message)
        return data.finish()
    }

    private static func effectAudit(_ id: String, category: StaticString, _ effect: OpenEffect) -> JSONObjectBuilder {
        var data = JSONObjectBuilder()
        data.add("audit_id", id)
        data.add("category", category.description)
        data.add("effect_id", effect.effectID)
        data.add("attempt", effect.attempt)
        return data
    }

    static func conversationDamage(id: String, _ event: ShardState.Untold.Event, reason: String) -> [UInt8] {
        var data = JSONObjectBuilder()
        data.add("audit_id", id)
        data.add("category", "conversation_\(event.rawValue)")
        data.add("reason", reason)
        return data.finish()
    }

    static func output(_ output: Output) -> [UInt8] {
        var data = JSONObjectBuilder(reservingCapacity: output.data.count + 96)
        data.add("output_id", output.outputID)
        data.add("channel", json: output.channel)
        data.addMembers(of: output.data)
        return data.finish()
    }

    static func rejection(id: String, _ message: RejectedMessage) -> [UInt8] {
        var data = JSONObjectBuilder(reservingCapacity: 512)
        data.add("audit_id", id)
        data.add("category", "rejection")
        data.add("code", message.rejection.code.description)
        data.add("message", message.rejection.message)
        data.add("topic", message.topic)
        data.add("payload", String(decoding: message.payload.prefix(rejectedPayloadLimit), as: UTF8.self))
        data.add("payload_bytes", message.payload.count)
        return data.finish()
    }

    /// Bytes of a rejected payload that are kept: enough to identify it (docs/PROTOCOL.md, "Rejections").
    static let rejectedPayloadLimit = 1_024

    static func deadLetter(
        id: String, signal: Signal, offset: Int64, reason: DeadLetter.Reason
    ) -> [UInt8] {
        var data = JSONObjectBuilder()
        data.add("audit_id", id)
        data.add("category", "dead_letter")
        data.add("reason", reason.rawValue)
        data.add("signal_id", signal.id)
        data.add("signal_type", signal.type)
        data.add("signal_offset", offset)
        if case .signal(let cause) = signal.cause { data.add("cause_id", cause) }
        return data.finish()
    }

    /// Bytes of a topic or type that are kept: the broker may not accept the whole.
    static let unpublishedTextLimit = 1_024

    static func setAside(id: String, _ event: UnpublishedEvent) -> [UInt8] {
        func cut(_ text: String) -> String { String(decoding: text.utf8.prefix(unpublishedTextLimit), as: UTF8.self) }
        var data = JSONObjectBuilder()
        data.add("audit_id", id)
        data.add("category", "outbox")
        data.add("reason", cut(event.reason))
        data.add("position", event.position.rawValue)
        data.add("event_subject", event.subject)
        data.add("event_id", cut(event.id))
        data.add("event_type", cut(event.type))
        data.add("event_offset", event.offset)
        data.add("topic", cut(event.topic))
        return data.finish()
    }

    private static func lifecycle(_ name: String, _ entry: EffectLedger.Entry) -> JSONObjectBuilder {
        var data = JSONObjectBuilder()
        data.add("effect_id", entry.effect.effectID)
        data.add("lifecycle", name)
        data.add("attempt", entry.effect.attempt)
        // Members that outputs carry over.
        if let message = entry.effect.answers { data.add("metadata") { $0.add("answers", message) } }
        if let call = entry.call {
            data.add("tool_name", call.name)
            data.add("tool_call_id", call.id)
            data.add("name", call.name)
        }
        return data
    }
}
