import Signals

/// An effect whose row cannot be read. It affects only its conversation.
public struct UnreadableEffect: Error, Sendable, Equatable {
    public var key: EffectKey
    public var conversation: ConversationID
    public var reason: String

    public init(key: EffectKey, conversation: ConversationID, reason: String) {
        self.key = key
        self.conversation = conversation
        self.reason = reason
    }
}
