import Conversation

/// A way to ask: HTTP, MQTT, or a journal on this machine. All give the same bytes for the same question.
public protocol QueryTransport: Sendable {
    /// Asks and waits for the answer, which may be a refusal.
    /// - Throws: `ConveyClientError` where there is no answer at all.
    func ask(_ question: Question) async throws -> QueryAnswer
}
