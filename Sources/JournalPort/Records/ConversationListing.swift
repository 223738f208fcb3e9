/// Some conversations, in the order of their subjects' bytes.
public struct ConversationListing: Sendable, Equatable {
    public var heads: [ConversationHead]
    /// The subject after which to continue; nil at the end.
    public var next: String?

    public init(heads: [ConversationHead], next: String?) {
        self.heads = heads
        self.next = next
    }
}
