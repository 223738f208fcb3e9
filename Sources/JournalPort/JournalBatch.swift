import Signals

/// Everything one transaction writes. A value, so that a journal can be anything that writes it whole or not at all.
public struct JournalBatch: Sendable {
    /// Consecutive positions, ascending.
    public var records: [JournalRecord] = []
    public var createdConversations: [ConversationRecord] = []
    /// Conversations whose counters and state are to be kept (evicted from memory, or a checkpoint).
    public var savedConversations: [ConversationRecord] = []
    public var openedEffects: [OpenEffect] = []
    /// Effects whose attempt, due time or approval has changed.
    public var changedEffects: [OpenEffect] = []
    public var closedEffects: [EffectKey] = []
    public var deadLetters: [DeadLetter] = []
    /// Dead letters that are none any more: they are pending from now on.
    public var redrivenDeadLetters: [Position] = []
    /// Dead letters that nobody wants to see applied: they stay, with the reason `discarded`.
    public var discardedDeadLetters: [Position] = []
    /// Everything up to here has been acknowledged by the broker.
    public var outboxCursor: Position?
    /// Identity hash → position of signals: a part of those that the next checkpoint comprises, ascending by hash. After a
    /// crash some come a second time.
    public var identities: [(hash: UInt64, position: Position)] = []
    public var checkpoint: Checkpoint?

    public init() {}

    public var isEmpty: Bool {
        records.isEmpty && createdConversations.isEmpty && savedConversations.isEmpty && openedEffects.isEmpty
            && changedEffects.isEmpty && closedEffects.isEmpty && deadLetters.isEmpty && redrivenDeadLetters.isEmpty
            && discardedDeadLetters.isEmpty && outboxCursor == nil && identities.isEmpty && checkpoint == nil
    }

    /// Whether a dead letter is re-driven or discarded here.
    package func hasMoved(_ position: Position) -> Bool {
        redrivenDeadLetters.contains(position) || discardedDeadLetters.contains(position)
    }
}
