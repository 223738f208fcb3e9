import Signals

/// Users' messages whose generations have not started yet, in record order.
struct WaitingMessages: Sendable {
    /// Maximum messages to keep, the newest ones. It equals the limit for effects in flight in one conversation.
    /// Without it, a message that never gets a generation (a dead letter) would be kept forever.
    static let limit = 1_000

    private var messages: [(generation: ExactText, message: ChatMessage)] = []
    /// The newest messages whose generations failed before they started. Their answers may be retried.
    private var rejected: [(generation: ExactText, message: ChatMessage)] = []
    static let rejectedLimit = 100

    /// - Parameter id: of the signal with the message; its generation is named after it.
    mutating func add(_ message: ChatMessage, of id: String) {
        if messages.count == Self.limit { messages.removeFirst() }
        messages.append((ExactText("llm-generation-\(id)"), message))
    }

    func contains(_ generation: String) -> Bool {
        let generation = ExactText(generation)
        return messages.contains { $0.generation == generation }
    }

    /// Removes the oldest message that a generation answers. There are two if producers have used the same id.
    mutating func take(_ generation: String) -> ChatMessage? {
        let generation = ExactText(generation)
        guard let index = messages.firstIndex(where: { $0.generation == generation }) else { return nil }
        return messages.remove(at: index).message
    }

    /// A generation has failed without a start: no model receives its message unless the answer is retried.
    mutating func reject(_ generation: String) {
        guard let message = take(generation) else { return }
        if rejected.count == Self.rejectedLimit { rejected.removeFirst() }
        rejected.append((ExactText(generation), message))
    }

    /// Removes a rejected message in order to retry its answer.
    mutating func takeRejected(_ generation: String) -> ChatMessage? {
        let generation = ExactText(generation)
        guard let index = rejected.firstIndex(where: { $0.generation == generation }) else { return nil }
        return rejected.remove(at: index).message
    }

    var textBytes: Int { (messages + rejected).reduce(0) { $0 + $1.message.textBytes + $1.generation.text.utf8.count } }
}
