import Signals

/// A type of signal that means something to Convey, or that it makes itself: the table behind `/asyncapi.json`. What each
/// stands for is in docs/PROTOCOL.md.
struct SignalType {
    /// The whole type, `conv.out.assistant.delta`.
    let name: String
    let family: Family
    let summary: String
    /// Members that `data` always has.
    let required: [String]
    let optional: [String]

    private init(
        _ family: Family, _ rest: String, _ summary: String, _ required: [String] = [], or optional: [String] = []
    ) {
        name = "conv.\(family.name).\(rest)"
        self.family = family
        self.summary = summary
        self.required = required
        self.optional = optional
    }

    static let all = inbound + outputs + generations + executions + waits + applications + audits

    private static let inbound: [SignalType] = {
        // What Convey adds where it is missing.
        let edge = ["message_id", "ingress"]
        let target = edge + ["effect_id", "tool_call_id", "reason"]
        return [
            .init(
                .inbound, "message.received", "a message to answer", or: edge + ["content", "text", "effect_policy"]),
            .init(.inbound, "conversation.configured", "the conversation's own settings, whole", or: edge + ["llm"]),
            .init(.inbound, "control.abort_requested", "cancels all that is under way", or: edge),
            .init(.inbound, "control.stop_requested", "cancels all that is under way", or: edge),
            .init(.inbound, "control.cancel_requested", "cancels all that is under way", or: edge),
            .init(.inbound, "effect.cancel_requested", "cancels one effect", or: target),
            .init(.inbound, "tool.approved", "lets a call run that waits for approval", or: target),
            .init(.inbound, "tool.denied", "fails a call that waits for approval", or: target),
            .init(.inbound, "timer.tick", "starts a timer", or: edge + ["delay_ms", "fire_at", "effect_policy"]),
            .init(.inbound, "timer.cancel_requested", "cancels a timer", or: target + ["timer_id"]),
        ]
    }()

    private static let outputs: [SignalType] = {
        let output = ["output_id", "channel", "effect_id"]
        let members = [
            "lifecycle", "status", "attempt", "sequence", "backend", "provider", "model", "finish_reason", "usage",
            "metadata",
        ]
        let tool = ["tool_name", "tool_call_id"]
        return [
            .init(.output, "assistant.delta", "a piece of an answer's text", output + ["delta"], or: members),
            .init(.output, "assistant.thinking", "a piece of a model's reasoning", output + ["delta"], or: members),
            .init(.output, "assistant.reset", "the attempt starts over: forget what was shown", output, or: members),
            .init(
                .output, "assistant.waiting", "an attempt has failed, and the answer waits for the next",
                output + ["reason", "message", "retry_in_ms", "retry_at"],
                or: ["lifecycle", "status", "attempt", "metadata", "retry_after_ms"]),
            .init(.output, "assistant.completed", "a generation has ended", output + ["content"], or: members),
            .init(
                .output, "assistant.failed", "the answer has failed for good",
                output + ["category", "message", "content"], or: members + ["code"]),
            .init(
                .output, "assistant.canceled", "the answer was canceled", output + ["reason"], or: members + ["content"]
            ),
            .init(
                .output, "tool.status", "where a call of a tool stands", output + ["status", "message"],
                or: members + tool + ["tool_event"]),
            .init(
                .output, "tool.approval_requested", "a call waits for a person's approval",
                output + tool + ["arguments"], or: ["metadata"]),
        ]
    }()

    private static let effect = ["effect_id", "lifecycle"]
    private static let failure = ["category", "message"]

    private static let generations: [SignalType] = {
        let own = ["attempt", "metadata"]
        return [
            .init(.effect, "llm.generation.started", "an attempt starts", effect, or: own + ["reset"]),
            .init(
                .effect, "llm.generation.progress", "a piece of it", effect,
                or: own + ["index", "sequence", "delta", "thinking"]),
            .init(
                .effect, "llm.generation.completed", "it has ended", effect,
                or: own + [
                    "content", "finish_reason", "deltas", "tool_calls", "tool_round", "effect_policy", "provider",
                    "model", "response_id", "usage", "thinking", "reasoning_member", "provider_members",
                ]),
            .init(
                .effect, "llm.generation.failed", "it has failed for good", effect + failure,
                or: own + ["code", "content"]),
            .init(
                .effect, "llm.generation.canceled", "it was canceled", effect,
                or: own + ["reason", "content", "deltas", "ends_turn"]),
        ]
    }()

    private static let executions: [SignalType] = {
        let own = ["attempt", "metadata", "tool_name", "tool_call_id", "name"]
        return [
            .init(.effect, "tool.execution.started", "an attempt starts", effect, or: own + ["reset", "arguments"]),
            .init(
                .effect, "tool.execution.progress", "the tool tells of its progress", effect,
                or: own + ["index", "sequence", "message"]),
            .init(
                .effect, "tool.execution.completed", "the result", effect, or: own + ["content", "deltas", "message"]),
            .init(
                .effect, "tool.execution.failed", "it has failed for good", effect + failure,
                or: own + ["code", "content"]),
            .init(
                .effect, "tool.execution.canceled", "it was canceled", effect,
                or: own + ["reason", "content", "deltas", "ends_turn"]),
        ]
    }()

    private static let waits: [SignalType] = [
        .init(.effect, "timer.wait.started", "a timer waits", effect, or: ["attempt", "fire_at"]),
        .init(.effect, "timer.wait.completed", "its time has come", effect, or: ["attempt", "fire_at"]),
        .init(.effect, "timer.wait.failed", "it cannot wait", effect + failure, or: ["attempt", "code", "content"]),
        .init(
            .effect, "timer.wait.canceled", "it was canceled", effect,
            or: ["attempt", "reason", "content", "deltas", "ends_turn"]),
    ]

    private static let applications: [SignalType] = [
        .init(
            .applied, "event.applied", "a signal was applied, and in what order",
            [
                "applied_event_id", "original_type", "subject", "priority", "partition_id", "scheduler_seq",
                "apply_order",
            ], or: ["signal"])
    ]

    private static let audits: [SignalType] = {
        let audit = ["audit_id", "category"]
        let letter = audit + ["reason", "signal_id", "signal_type", "signal_offset"]
        return [
            .init(
                .audit, "signal.rejected", "a message was no signal",
                audit + ["code", "message", "topic", "payload", "payload_bytes"]),
            .init(.audit, "signal.dead_lettered", "a signal was set aside", letter, or: ["cause_id"]),
            .init(.audit, "signal.redriven", "a dead letter is scheduled again", letter, or: ["cause_id"]),
            .init(.audit, "signal.discarded", "a dead letter is set aside for good", letter, or: ["cause_id"]),
            .init(
                .audit, "effect.attempt_failed", "an attempt has failed, and another follows",
                audit + ["effect_id", "attempt", "reason", "message", "retry_in_ms"]),
            .init(
                .audit, "effect.late_result", "an attempt has said something after its effect's end",
                audit + ["effect_id", "attempt", "lifecycle", "content"]),
            .init(
                .audit, "effect.unknown_target", "a request named no open effect",
                audit + ["signal_id", "signal_type", "message"], or: ["effect_id", "tool_call_id"]),
            .init(
                .audit, "conversation.set_aside", "the conversation cannot be loaded: its signals wait",
                audit + ["reason"]),
            .init(
                .audit, "conversation.rebuilt", "the conversation was made anew from its records",
                audit + ["reason"]),
            .init(
                .audit, "outbox.set_aside", "an event was not published: the broker does not take it",
                audit + ["reason", "position", "event_subject", "event_id", "event_type", "event_offset", "topic"]),
        ]
    }()

    /// The JSON schema of `data`. Further members are allowed: a client may send them, and a later version may add some.
    var dataSchema: String {
        var members = [("type", #""object""#)]
        if !required.isEmpty { members.append(("required", DocumentText.array(required.map(DocumentText.quoted)))) }
        let properties = (required + optional).map { (name: $0, json: Self.schema($0, in: family)) }
        members.append(("properties", DocumentText.object(properties)))
        return DocumentText.object(members)
    }

    private static func schema(_ member: String, in family: Family) -> String {
        switch member {
        case "attempt", "index", "sequence", "deltas", "tool_round", "payload_bytes", "signal_offset", "retry_in_ms",
            "retry_after_ms", "priority", "partition_id", "scheduler_seq", "apply_order", "delay_ms", "position",
            "event_offset":
            #"{"type":"integer"}"#
        case "usage", "metadata", "llm", "provider_members": #"{"type":"object"}"#
        case "signal":
            #"{"type":"object","required":["id","source","type","data"],"description":"Of conv.in.* the signal itself."}"#
        case "tool_calls":
            #"{"type":"array","items":{"type":"object","required":["id","name","arguments"]}}"#
        case "reset", "ends_turn": #"{"const":true}"#
        // Copied from the effect's signals or from a client, as they are.
        case "channel", "effect_policy": "{}"
        case "content", "text", "fire_at": family == .inbound ? "{}" : #"{"type":"string"}"#
        default: #"{"type":"string"}"#
        }
    }
}
