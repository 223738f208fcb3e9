import Conversation

/// A transport for queries: HTTP, MQTT, or a journal on this machine. All give the same bytes for the same query.
public protocol QueryTransport: Sendable {
    /// Sends a query and waits for the answer, which may be a refusal.
    /// - Throws: `ConveyClientError` if there is no answer at all.
    func ask(_ question: Question) async throws -> QueryAnswer
}
