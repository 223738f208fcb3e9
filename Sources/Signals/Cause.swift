/// What a signal says has to be applied before it.
public enum Cause: Sendable, Equatable {
    case none
    /// The id of another signal of the same conversation.
    case signal(String)
    /// The producer named something that can never be a signal's id (a number, a list): the signal is never ready.
    case unsatisfiable
}
