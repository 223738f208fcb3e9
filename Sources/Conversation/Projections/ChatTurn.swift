import Signals

/// A message together with the results of the tool calls it requests, in order. They are never separated.
struct ChatTurn: Sendable {
    /// Placeholder for a missing result: the call never ran, is still running, or was lost. Providers refuse a request
    /// in which a call has no result.
    static let danglingResult = "No result: the call has not finished."

    private(set) var message: ChatMessage
    /// One for each tool call.
    private var results: [ChatMessage]
    /// For the message and all results.
    private(set) var estimatedTokens: Int

    init(_ message: ChatMessage) {
        self.message = message
        results = message.toolCalls.map { call in
            ChatMessage(role: .tool, content: Self.danglingResult, toolCallID: call.id)
        }
        estimatedTokens = results.reduce(message.estimatedTokens) { $0 + $1.estimatedTokens }
    }

    var messages: [ChatMessage] { [message] + results }

    var messageCount: Int { 1 + results.count }

    var textBytes: Int { results.reduce(message.textBytes) { $0 + $1.textBytes } }

    mutating func answer(_ result: ChatMessage) {
        guard let id = result.toolCallID,
            let index = message.toolCalls.firstIndex(where: { ExactText($0.id) == ExactText(id) })
        else { return }
        estimatedTokens += result.estimatedTokens - results[index].estimatedTokens
        results[index] = result
    }

    /// Only for messages without tool calls.
    mutating func replaceContent(_ content: String) {
        message.content = content
        estimatedTokens = message.estimatedTokens
    }
}
