/// A piece of a reply, as it comes.
public enum ChatDelta: Sendable, Equatable {
    /// Text for the user.
    case content(String)
    /// What a reasoning model says to itself.
    case thinking(String)
}
