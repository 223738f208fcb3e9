/// The signal that must be applied before a signal.
public enum Cause: Sendable, Equatable {
    case none
    /// The id of another signal of the same conversation.
    case signal(String)
    /// The producer named something that can never be a signal's id (a number, a list), so the signal never becomes
    /// ready.
    case unsatisfiable
}
