/// A conversation that cannot be loaded: its signals are recorded and wait, while all others continue.
public struct SetAsideConversation: Sendable, Equatable {
    /// Nil if not even that can be read.
    public var subject: String?
    /// The reason in words.
    public var reason: String

    public init(subject: String?, reason: String) {
        self.subject = subject
        self.reason = reason
    }
}
