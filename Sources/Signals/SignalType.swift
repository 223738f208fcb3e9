/// The types of signals that Convey acts on or creates itself. docs/PROTOCOL.md explains each; `/asyncapi.json` lists
/// them with their data.
///
/// They are strings, not cases: a signal may have any type in a known family, and a switch over a type needs a default anyway.
public enum SignalType {
    // MARK: In: what clients record

    /// A message to answer.
    @inlinable public static var messageReceived: String { "conv.in.message.received" }
    /// Settings of the conversation; the newest one replaces all earlier ones.
    @inlinable public static var conversationConfigured: String { "conv.in.conversation.configured" }
    /// Cancels everything in flight in the conversation.
    @inlinable public static var abortRequested: String { "conv.in.control.abort_requested" }
    /// Cancels everything in flight in the conversation.
    @inlinable public static var stopRequested: String { "conv.in.control.stop_requested" }
    /// Cancels everything in flight in the conversation.
    @inlinable public static var cancelRequested: String { "conv.in.control.cancel_requested" }
    /// Cancels one effect.
    @inlinable public static var effectCancelRequested: String { "conv.in.effect.cancel_requested" }
    /// Runs a tool call that waits for approval.
    @inlinable public static var toolApproved: String { "conv.in.tool.approved" }
    /// Fails a tool call that waits for approval.
    @inlinable public static var toolDenied: String { "conv.in.tool.denied" }
    /// Retries a failed answer.
    @inlinable public static var answerRetryRequested: String { "conv.in.answer.retry_requested" }
    /// Starts a timer.
    @inlinable public static var timerTick: String { "conv.in.timer.tick" }
    /// Cancels a timer.
    @inlinable public static var timerCancelRequested: String { "conv.in.timer.cancel_requested" }

    // MARK: Applied: the order in which signals took effect

    /// A signal was applied. Published markers have this type.
    @inlinable public static var eventApplied: String { "conv.applied.event.applied" }

    // MARK: Effect: the lifecycle of effects

    /// An attempt at an answer starts.
    @inlinable public static var generationStarted: String { "conv.effect.llm.generation.started" }
    /// A piece of an answer or of a model's reasoning.
    @inlinable public static var generationProgress: String { "conv.effect.llm.generation.progress" }
    /// The generation has ended, with an answer or with tool calls.
    @inlinable public static var generationCompleted: String { "conv.effect.llm.generation.completed" }
    /// The generation has failed; no attempt follows.
    @inlinable public static var generationFailed: String { "conv.effect.llm.generation.failed" }
    /// The generation was canceled.
    @inlinable public static var generationCanceled: String { "conv.effect.llm.generation.canceled" }
    /// An attempt at a tool call starts.
    @inlinable public static var executionStarted: String { "conv.effect.tool.execution.started" }
    /// The tool reports progress.
    @inlinable public static var executionProgress: String { "conv.effect.tool.execution.progress" }
    /// The tool call has a result.
    @inlinable public static var executionCompleted: String { "conv.effect.tool.execution.completed" }
    /// The tool call has failed; no attempt follows.
    @inlinable public static var executionFailed: String { "conv.effect.tool.execution.failed" }
    /// The tool call was canceled.
    @inlinable public static var executionCanceled: String { "conv.effect.tool.execution.canceled" }
    /// A timer waits for its time.
    @inlinable public static var waitStarted: String { "conv.effect.timer.wait.started" }
    /// The timer's time has come.
    @inlinable public static var waitCompleted: String { "conv.effect.timer.wait.completed" }
    /// The timer cannot wait.
    @inlinable public static var waitFailed: String { "conv.effect.timer.wait.failed" }
    /// The timer was canceled.
    @inlinable public static var waitCanceled: String { "conv.effect.timer.wait.canceled" }

    // MARK: Out: what users see

    /// A piece of an answer's text.
    @inlinable public static var assistantDelta: String { "conv.out.assistant.delta" }
    /// A piece of a model's reasoning.
    @inlinable public static var assistantThinking: String { "conv.out.assistant.thinking" }
    /// A new attempt starts; clients discard the text shown so far.
    @inlinable public static var assistantReset: String { "conv.out.assistant.reset" }
    /// An attempt has failed, and another one follows later.
    @inlinable public static var assistantWaiting: String { "conv.out.assistant.waiting" }
    /// A generation has ended, with its whole text.
    @inlinable public static var assistantCompleted: String { "conv.out.assistant.completed" }
    /// The answer has failed; no attempt follows.
    @inlinable public static var assistantFailed: String { "conv.out.assistant.failed" }
    /// The answer was canceled.
    @inlinable public static var assistantCanceled: String { "conv.out.assistant.canceled" }
    /// The status of a tool call.
    @inlinable public static var toolStatus: String { "conv.out.tool.status" }
    /// A tool call waits for approval.
    @inlinable public static var toolApprovalRequested: String { "conv.out.tool.approval_requested" }

    // MARK: Audit: what went wrong, and what an operator did

    /// A message was not a valid signal.
    @inlinable public static var signalRejected: String { "conv.audit.signal.rejected" }
    /// A signal became a dead letter.
    @inlinable public static var signalDeadLettered: String { "conv.audit.signal.dead_lettered" }
    /// An operator scheduled a dead letter again.
    @inlinable public static var signalRedriven: String { "conv.audit.signal.redriven" }
    /// An operator closed a dead letter without applying it.
    @inlinable public static var signalDiscarded: String { "conv.audit.signal.discarded" }
    /// An attempt has failed, and another one follows.
    @inlinable public static var effectAttemptFailed: String { "conv.audit.effect.attempt_failed" }
    /// An attempt reported a result after its effect had ended.
    @inlinable public static var effectLateResult: String { "conv.audit.effect.late_result" }
    /// A request named no open effect.
    @inlinable public static var effectUnknownTarget: String { "conv.audit.effect.unknown_target" }
    /// Somebody has decided on a tool call that waited for approval, or nobody in time.
    @inlinable public static var toolDecided: String { "conv.audit.tool.decided" }
    /// A decision on a tool call was not accepted; the call still waits.
    @inlinable public static var toolDecisionRefused: String { "conv.audit.tool.decision_refused" }
    /// A failed answer is retried.
    @inlinable public static var answerRetried: String { "conv.audit.answer.retried" }
    /// A conversation could not be loaded; its signals wait.
    @inlinable public static var conversationSetAside: String { "conv.audit.conversation.set_aside" }
    /// A conversation was rebuilt from its records.
    @inlinable public static var conversationRebuilt: String { "conv.audit.conversation.rebuilt" }
    /// An event was not published, because the broker does not accept it.
    @inlinable public static var outboxSetAside: String { "conv.audit.outbox.set_aside" }

    // MARK: Composed types

    /// The common prefix of all `conv.out.assistant.*` types.
    @inlinable public static var assistantPrefix: String { "conv.out.assistant." }

    /// The common prefix of the types of one kind of effect: `conv.effect.{class}.{kind}.`
    public static func effectPrefix(_ effectClass: String, _ kind: String) -> String {
        "conv.effect.\(effectClass).\(kind)."
    }

    /// `conv.effect.{class}.{kind}.{lifecycle}`
    public static func effect(_ effectClass: String, _ kind: String, _ lifecycle: String) -> String {
        "conv.effect.\(effectClass).\(kind).\(lifecycle)"
    }
}
