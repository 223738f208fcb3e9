import Conversation
import JournalPort
import Signals

/// A context, and the record that it was read up to.
struct KeptContext: Sendable {
    private(set) var context: LLMContextProjection
    private(set) var through: Position
    /// How many messages it was made for.
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
