/// A conversation that cannot be loaded: what is recorded in it waits, and all others go on.
public struct SetAsideConversation: Sendable, Equatable {
    /// Nil where not even that can be read.
    public var subject: String?
    /// Why, in words.
    public var reason: String

    public init(subject: String?, reason: String) {
        self.subject = subject
        self.reason = reason
    }
}
