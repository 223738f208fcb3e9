/// Everything that queries show of a conversation's state.
public struct ConversationView: Sendable, Equatable {
    public var state: ConversationState
    public var history: ConversationHistory

    public init(state: ConversationState = ConversationState(), history: ConversationHistory = ConversationHistory()) {
        self.state = state
        self.history = history
    }
}
