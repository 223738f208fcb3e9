/// The latest signals applied to a conversation, newest first, at most 100.
public struct ConversationHistory: Sendable, Equatable {
    /// Enough for recent activity; the journal has the whole history.
    public static let limit = 100

    /// Oldest first. Grows to twice the limit, then drops the older half, so that a push costs O(1) on average.
    private var events: [ConversationState.Event] = []

    public init() {}

    public mutating func push(_ event: ConversationState.Event) {
        if events.count == 2 * Self.limit { events.removeFirst(Self.limit) }
        events.append(event)
    }

    public var newestFirst: [ConversationState.Event] { events.suffix(Self.limit).reversed() }

    public static func == (left: Self, right: Self) -> Bool { left.newestFirst == right.newestFirst }
}
