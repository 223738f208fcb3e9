/// Follows the answer to one message: puts its pieces together as they come, drops repeats, and knows when it has ended.
struct AnswerTracker: Sendable {
    enum Step: Sendable, Equatable {
        /// A further piece of the text.
        case text(String)
        /// The text so far is void: another attempt starts from the beginning.
        case startedOver
        case completed
        case failed(String)
        case canceled
    }

    /// Answers longer than this are not compared with what was shown, to bound memory.
    static let comparedLimit = 1 << 20

    private let effectID: String
    private var lastSequence = 0
    private var attempt = 1
    private var shown = ""

    /// - Parameter messageID: the id of the message whose answer is followed.
    init(messageID: String) {
        effectID = OutgoingSignal.effectID(answering: messageID)
    }

    /// What the event means for the answer; nothing when it belongs to something else or came before.
    mutating func handle(_ event: PublishedEvent) -> [Step] {
        guard event.effectID == effectID else { return [] }
        switch event.type {
        case "conv.out.assistant.delta": return handleDelta(event)
        case "conv.out.assistant.completed": return rest(of: event.content ?? "") + [.completed]
        case "conv.effect.llm.generation.failed": return [.failed(event.reason ?? "no reason given")]
        case "conv.effect.llm.generation.canceled": return [.canceled]
        default: return []
        }
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

    /// What is still to be shown of the whole text: nothing when every piece was heard.
    private func rest(of content: String) -> [Step] {
        if content.isEmpty || shown.utf8.count >= Self.comparedLimit || content == shown { return [] }
        if content.hasPrefix(shown) { return [.text(String(content.dropFirst(shown.count)))] }
        return [.startedOver, .text(content)]
    }
}
