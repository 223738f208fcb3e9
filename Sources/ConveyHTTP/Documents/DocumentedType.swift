import Signals

/// A row of the table behind `/asyncapi.json`: a type of signal that Convey acts on or creates itself. docs/PROTOCOL.md
/// explains each type.
struct DocumentedType {
    /// The whole type, `conv.out.assistant.delta`.
    let name: String
    let family: Family
    let summary: String
    /// Members that `data` always has.
    let required: [String]
    let optional: [String]

    private init(
        _ family: Family, _ name: String, _ summary: String, _ required: [String] = [], or optional: [String] = []
    ) {
        self.name = name
        self.family = family
        self.summary = summary
        self.required = required
        self.optional = optional
    }

    static let all = inbound + outputs + generations + executions + waits + applications + audits

    private static let inbound: [DocumentedType] = {
        // Members that Convey adds if they are missing.
        let edge = ["message_id", "ingress"]
        let target = edge + ["effect_id", "tool_call_id", "reason"]
        return [
            .init(
                .inbound, SignalType.messageReceived, "a message to answer",
                or: edge + ["content", "text", "effect_policy"]),
            .init(
                .inbound, SignalType.conversationConfigured, "the conversation's settings; replaces all earlier ones",
                or: edge + ["llm"]),
            .init(.inbound, SignalType.abortRequested, "cancels everything in flight", or: edge),
            .init(.inbound, SignalType.stopRequested, "cancels everything in flight", or: edge),
            .init(.inbound, SignalType.cancelRequested, "cancels everything in flight", or: edge),
            .init(.inbound, SignalType.effectCancelRequested, "cancels one effect", or: target),
            .init(
                .inbound, SignalType.toolApproved, "runs a tool call that waits for approval",
                or: target + ["arguments", "decided_by"]),
            .init(
                .inbound, SignalType.toolDenied, "fails a tool call that waits for approval",
                or: target + ["decided_by"]),
            .init(
                .inbound, SignalType.answerRetryRequested, "retries an answer that has failed",
                or: edge + ["effect_id"]),
            .init(
                .inbound, SignalType.timerTick, "starts a timer", or: edge + ["delay_ms", "fire_at", "effect_policy"]),
            .init(.inbound, SignalType.timerCancelRequested, "cancels a timer", or: target + ["timer_id"]),
        ]
    }()

    private static let outputs: [DocumentedType] = {
        let output = ["output_id", "channel", "effect_id"]
        let members = [
            "lifecycle", "status", "attempt", "sequence", "backend", "provider", "model", "finish_reason", "usage",
            "metadata",
        ]
        let tool = ["tool_name", "tool_call_id"]
        return [
            .init(.output, SignalType.assistantDelta, "a piece of an answer's text", output + ["delta"], or: members),
            .init(
                .output, SignalType.assistantThinking, "a piece of a model's reasoning", output + ["delta"], or: members
            ),
            .init(
                .output, SignalType.assistantReset, "a new attempt starts; discard the text shown so far", output,
                or: members),
            .init(
                .output, SignalType.assistantWaiting, "an attempt has failed; another one follows",
                output + ["reason", "message", "retry_in_ms", "retry_at"],
                or: ["lifecycle", "status", "attempt", "metadata", "retry_after_ms", "since", "unavailable"]),
            .init(
                .output, SignalType.assistantCompleted, "a generation has ended, with its whole text",
                output + ["content"], or: members),
            .init(
                .output, SignalType.assistantFailed, "the answer has failed; no attempt follows",
                output + ["category", "message", "content"], or: members + ["code"]),
            .init(
                .output, SignalType.assistantCanceled, "the answer was canceled", output + ["reason"],
                or: members + ["content"]
            ),
            .init(
                .output, SignalType.toolStatus, "the status of a tool call", output + ["status", "message"],
                or: members + tool + [
                    "tool_event", "reason", "retry_in_ms", "retry_at", "retry_after_ms", "since", "unavailable",
                ]),
            .init(
                .output, SignalType.toolApprovalRequested, "a tool call waits for approval",
                output + tool + ["arguments"], or: ["metadata", "expires_at"]),
        ]
    }()

    private static let effect = ["effect_id", "lifecycle"]
    private static let failure = ["category", "message"]

    private static let generations: [DocumentedType] = {
        let own = ["attempt", "metadata"]
        return [
            .init(.effect, SignalType.generationStarted, "an attempt starts", effect, or: own + ["reset"]),
            .init(
                .effect, SignalType.generationProgress, "a piece of the answer or of the reasoning", effect,
                or: own + ["index", "sequence", "delta", "thinking"]),
            .init(
                .effect, SignalType.generationCompleted, "the generation has ended", effect,
                or: own + [
                    "content", "finish_reason", "deltas", "tool_calls", "tool_round", "effect_policy", "provider",
                    "model", "response_id", "usage", "thinking", "reasoning_member", "provider_members",
                ]),
            .init(
                .effect, SignalType.generationFailed, "the effect has failed; no attempt follows", effect + failure,
                or: own + ["code", "content", "ordered_by", "tool_round", "effect_policy"]),
            .init(
                .effect, SignalType.generationCanceled, "the effect was canceled", effect,
                or: own + ["reason", "content", "deltas", "ends_turn"]),
        ]
    }()

    private static let executions: [DocumentedType] = {
        let own = ["attempt", "metadata", "tool_name", "tool_call_id", "name"]
        return [
            .init(.effect, SignalType.executionStarted, "an attempt starts", effect, or: own + ["reset", "arguments"]),
            .init(
                .effect, SignalType.executionProgress, "the tool reports progress", effect,
                or: own + ["index", "sequence", "message"]),
            .init(
                .effect, SignalType.executionCompleted, "the result", effect,
                or: own + ["content", "deltas", "message", "edited_arguments"]),
            .init(
                .effect, SignalType.executionFailed, "the effect has failed; no attempt follows", effect + failure,
                or: own + ["code", "content"]),
            .init(
                .effect, SignalType.executionCanceled, "the effect was canceled", effect,
                or: own + ["reason", "content", "deltas", "ends_turn"]),
        ]
    }()

    private static let waits: [DocumentedType] = [
        .init(.effect, SignalType.waitStarted, "a timer waits", effect, or: ["attempt", "fire_at"]),
        .init(.effect, SignalType.waitCompleted, "the timer has fired", effect, or: ["attempt", "fire_at"]),
        .init(
            .effect, SignalType.waitFailed, "the timer has failed", effect + failure,
            or: ["attempt", "code", "content"]),
        .init(
            .effect, SignalType.waitCanceled, "the effect was canceled", effect,
            or: ["attempt", "reason", "content", "deltas", "ends_turn"]),
    ]

    private static let applications: [DocumentedType] = [
        .init(
            .applied, SignalType.eventApplied, "a signal was applied, with its place in the order",
            [
                "applied_event_id", "original_type", "subject", "priority", "partition_id", "scheduler_seq",
                "apply_order",
            ], or: ["signal"])
    ]

    private static let audits: [DocumentedType] = {
        let audit = ["audit_id", "category"]
        let letter = audit + ["reason", "signal_id", "signal_type", "signal_offset"]
        return [
            .init(
                .audit, SignalType.signalRejected, "a message was not a valid signal",
                audit + ["code", "message", "topic", "payload", "payload_bytes"]),
            .init(.audit, SignalType.signalDeadLettered, "a signal became a dead letter", letter, or: ["cause_id"]),
            .init(
                .audit, SignalType.signalRedriven, "an operator scheduled a dead letter again", letter, or: ["cause_id"]
            ),
            .init(.audit, SignalType.signalDiscarded, "an operator discarded a dead letter", letter, or: ["cause_id"]),
            .init(
                .audit, SignalType.effectAttemptFailed, "an attempt has failed; another one follows",
                audit + ["effect_id", "attempt", "reason", "message", "retry_in_ms"],
                or: ["since", "interruptions", "unavailable_attempts", "unavailable_ms"]),
            .init(
                .audit, SignalType.effectLateResult, "an attempt reported a result after its effect had ended",
                audit + ["effect_id", "attempt", "lifecycle", "content"]),
            .init(
                .audit, SignalType.effectUnknownTarget,
                "a request named no open effect, or nothing that can be retried",
                audit + ["signal_id", "signal_type", "message"], or: ["effect_id", "tool_call_id"]),
            .init(
                .audit, SignalType.answerRetried, "an answer that had failed is being retried",
                audit + ["effect_id", "failed_effect_id", "metadata"]),
            .init(
                .audit, SignalType.toolDecided,
                "a tool call that waited for approval was approved, denied, or has expired",
                audit + ["effect_id", "tool_name", "tool_call_id", "decision", "arguments"],
                or: ["decision_source", "decided_by", "reason", "edited_arguments"]),
            .init(
                .audit, SignalType.toolDecisionRefused, "a decision was not accepted; the tool call still waits",
                audit + ["signal_id", "signal_type", "message"], or: ["effect_id", "tool_call_id"]),
            .init(
                .audit, SignalType.conversationSetAside, "the conversation could not be loaded; its signals wait",
                audit + ["reason"]),
            .init(
                .audit, SignalType.conversationRebuilt, "the conversation was rebuilt from its records",
                audit + ["reason"]),
            .init(
                .audit, SignalType.outboxSetAside, "an event was not published, because the broker does not accept it",
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
            "event_offset", "interruptions", "unavailable_attempts", "unavailable_ms":
            #"{"type":"integer"}"#
        case "usage", "metadata", "llm", "provider_members": #"{"type":"object"}"#
        case "signal":
            #"{"type":"object","required":["id","source","type","data"],"description":"The signal itself; only for conv.in.*."}"#
        case "tool_calls":
            #"{"type":"array","items":{"type":"object","required":["id","name","arguments"]}}"#
        case "reset", "ends_turn", "unavailable": #"{"const":true}"#
        case "arguments" where family == .inbound: #"{"type":["object","string"]}"#
        // Copied unchanged from the effect's signals or from a client.
        case "channel", "effect_policy": "{}"
        case "content", "text", "fire_at": family == .inbound ? "{}" : #"{"type":"string"}"#
        default: #"{"type":"string"}"#
        }
    }
}
