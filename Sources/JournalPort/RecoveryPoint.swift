import Signals

/// The point at which a start-up begins to read: only cursors and counts. Lists are read page by page.
public struct RecoveryPoint: Sendable, Equatable {
    /// Records up to here were deleted.
    public var start: Position
    public var checkpoint: Position
    public var applyOrders: [Int64]
    public var lastPosition: Position
    public var lastConversation: ConversationID
    public var outboxCursor: Position
    /// The newest position listed as pending; `.start` if there is none.
    public var newestPending: Position
    /// The newest signal that ordered an open effect; `.start` if there is none.
    public var newestEffectCause: Position
    /// Number of dead letters that were not discarded.
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
