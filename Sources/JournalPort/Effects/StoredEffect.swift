import Signals

/// A row about an open effect.
public enum StoredEffect: Sendable, Equatable {
    case open(OpenEffect)
    /// A value, not an error, because it affects only one conversation.
    case unreadable(UnreadableEffect)

    public var key: EffectKey {
        switch self {
        case .open(let effect): effect.key
        case .unreadable(let effect): effect.key
        }
    }

    public var conversation: ConversationID {
        switch self {
        case .open(let effect): effect.conversation
        case .unreadable(let effect): effect.conversation
        }
    }
}
