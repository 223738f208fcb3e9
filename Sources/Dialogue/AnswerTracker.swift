import Signals

/// Follows the answer to one message: puts its pieces together as they come, drops repeats, and knows when it has ended.
package struct AnswerTracker: Sendable {
    package enum Step: Sendable, Equatable {
        /// Another piece of the text.
        case text(String)
        /// The text so far is void: another attempt starts from the beginning.
        case startedOver
        case completed
        case failed(String)
        case canceled
        /// The progress of a tool call that the answer waits for.
        case tool(String)
        /// A tool call waits for a person.
        case approvalRequest(ApprovalRequest)
        /// A remark: why the answer waits, or what is wrong with it.
        case note(String)
    }

    /// Answers longer than this are not compared with what was shown, to bound memory.
    package static let comparedLimit = 1 << 20

    private let effectID: String
    /// The id of the message. For a retried answer it is known only after the first event.
    private var messageID: String
    /// The generation whose text is shown. After tool calls, another generation continues the answer.
    private var generation: String
    private var lastSequence = 0
    private var attempt = 1
    private var shown = ""
    /// Whether anything of this answer has arrived.
    private var hasBegun = false

    /// - Parameter messageID: the id of the message whose answer is followed, or of the request to retry an answer.
    package init(messageID: String) {
        self.messageID = messageID
        effectID = OutgoingSignal.effectID(answering: messageID)
        generation = effectID
    }

    /// The meaning of the event for the answer; nothing if it belongs to something else or came before.
    package mutating func handle(_ event: PublishedEvent) -> [Step] {
        guard event.effectID == effectID || event.answers == messageID else {
            // The conversation's answers come one after another, so this answer waits as well.
            let isWait = event.type == SignalType.assistantWaiting || Self.isToolWait(event)
            return isWait && !hasBegun ? [.note("an earlier answer comes first: \(Self.wait(event))")] : []
        }
        hasBegun = true
        if let answered = event.answers { messageID = answered }
        if event.type.hasPrefix(SignalType.assistantPrefix), let effect = event.effectID, effect != generation {
            generation = effect
            attempt = 1
            shown = ""
        }
        switch event.type {
        case SignalType.assistantDelta: return handleDelta(event)
        case SignalType.assistantCompleted:
            let text = rest(of: event.content ?? "")
            return event.finishReason == "tool_calls" ? text : text + notes(on: event) + [.completed]
        case SignalType.assistantFailed: return [.failed(event.reason ?? "no reason given")]
        case SignalType.assistantCanceled: return [.canceled]
        case SignalType.assistantWaiting:
            return [.note(Self.wait(event))]
        case _ where Self.isToolWait(event):
            return [.tool("\(event.toolName ?? "a tool"): \(Self.wait(event))")]
        case SignalType.executionStarted: return [.tool("\(event.toolName ?? "a tool") runs")]
        case SignalType.executionFailed:
            let (name, reason) = (event.toolName ?? "a tool", event.reason ?? "no reason given")
            // Most reasons name the tool themselves.
            return [.tool(reason.contains(name) ? reason : "\(name) failed: \(reason)")]
        case SignalType.toolApprovalRequested:
            return [
                .approvalRequest(
                    ApprovalRequest(
                        subject: event.subject, effectID: event.effectID ?? "", toolName: event.toolName ?? "a tool",
                        arguments: event.arguments ?? ""))
            ]
        default: return []
        }
    }

    private static func isToolWait(_ event: PublishedEvent) -> Bool {
        event.type == SignalType.toolStatus && event.status == "waiting"
    }

    /// `trying again in 8 s (attempt 5, waiting since 10:31:02): no worker is connected`
    private static func wait(_ event: PublishedEvent) -> String {
        let pause = event.retryInMilliseconds.map { " in \(($0 + 999) / 1_000) s" } ?? ""
        var details: [String] = []
        // The first attempt has only just failed.
        if event.isUnavailable, let attempt = event.attempt, attempt > 1 {
            details.append("attempt \(attempt)")
            if let since = event.since { details.append("waiting since \(EventTimestamp.clock(since))") }
        }
        let about = details.isEmpty ? "" : " (\(details.joined(separator: ", ")))"
        return "trying again\(pause)\(about): \(event.reason ?? "no reason given")"
    }

    private mutating func handleDelta(_ event: PublishedEvent) -> [Step] {
        // Sequences of a family grow without gaps, so a smaller or equal one is a repeat.
        if let sequence = event.sequence {
            guard sequence > lastSequence else { return [] }
            lastSequence = sequence
        }
        guard let delta = event.delta, !delta.isEmpty else { return [] }
        var steps: [Step] = []
        if let attempt = event.attempt, attempt > self.attempt {
            self.attempt = attempt
            if !shown.isEmpty { steps.append(.startedOver) }
            shown = ""
        }
        if shown.utf8.count < Self.comparedLimit { shown += delta }
        return steps + [.text(delta)]
    }

    /// Facts that the text alone does not show.
    private func notes(on event: PublishedEvent) -> [Step] {
        var notes: [Step] = []
        if event.content?.contains(where: { !$0.isWhitespace }) != true {
            notes.append(.note("the answer has no text"))
        }
        if let reason = event.finishReason, reason != "stop" {
            notes.append(.note("the answer may be incomplete; it ended with finish_reason \(reason)"))
        }
        return notes
    }

    /// The part of the whole text that is not shown yet; empty if every piece was received.
    private func rest(of content: String) -> [Step] {
        if content.isEmpty || shown.utf8.count >= Self.comparedLimit || content == shown { return [] }
        if content.hasPrefix(shown) { return [.text(String(content.dropFirst(shown.count)))] }
        return [.startedOver, .text(content)]
    }
}
