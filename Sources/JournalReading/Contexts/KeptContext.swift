import Conversation
import JournalPort
import Signals

/// A cached context, and the last record that it contains.
struct KeptContext: Sendable {
    private(set) var context: LLMContextProjection
    private(set) var through: Position
    /// The number of messages for which it was built.
    let messages: Int

    init(of window: ContextWindow, through: Position, messages: Int) {
        context = LLMContextProjection(of: window.events, options: .request(maxMessages: messages))
        self.through = through
        self.messages = messages
    }

    mutating func advance(by window: ContextWindow, through position: Position) {
        for event in window.events { context.apply(event) }
        through = position
    }
}
