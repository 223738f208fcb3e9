import Signals

/// Where a start-up begins to read: cursors and counts alone. What it lists is read page by page.
public struct RecoveryPoint: Sendable, Equatable {
    /// Records up to here were deleted.
    public var start: Position
    public var checkpoint: Position
    public var applyOrders: [Int64]
    public var lastPosition: Position
    public var lastConversation: ConversationID
    public var outboxCursor: Position
    /// The newest position that is listed as pending; `.start` without any.
    public var newestPending: Position
    /// The newest signal that ordered an open effect; `.start` without any.
    public var newestEffectCause: Position
    /// Those that were not discarded.
    public var deadLetters: Int

    public init(
        start: Position = .start, checkpoint: Position, applyOrders: [Int64], lastPosition: Position,
        lastConversation: ConversationID, outboxCursor: Position, newestPending: Position, newestEffectCause: Position,
        deadLetters: Int
    ) {
        self.start = start
        self.checkpoint = checkpoint
        self.applyOrders = applyOrders
        self.lastPosition = lastPosition
        self.lastConversation = lastConversation
        self.outboxCursor = outboxCursor
        self.newestPending = newestPending
        self.newestEffectCause = newestEffectCause
        self.deadLetters = deadLetters
    }
}
