/// A piece of a reply.
public enum ChatDelta: Sendable, Equatable {
    /// Text for the user.
    case content(String)
    /// A reasoning model's thinking.
    case thinking(String)
}
