import Signals

/// Everything that one transaction writes. It is a value, so that any storage with atomic writes can be a journal.
public struct JournalBatch: Sendable {
    /// Consecutive positions, ascending.
    public var records: [JournalRecord] = []
    public var createdConversations: [ConversationRecord] = []
    /// Conversations whose counters and state are saved (evicted from memory, or for a checkpoint).
    public var savedConversations: [ConversationRecord] = []
    public var openedEffects: [OpenEffect] = []
    /// Effects whose attempt, due time or approval has changed.
    public var changedEffects: [OpenEffect] = []
    public var closedEffects: [EffectKey] = []
    public var deadLetters: [DeadLetter] = []
    /// Signals that are no longer dead letters: they are pending again.
    public var redrivenDeadLetters: [Position] = []
    /// Dead letters that were discarded: they stay, with the reason `discarded`.
    public var discardedDeadLetters: [Position] = []
    /// The broker has acknowledged everything up to here.
    public var outboxCursor: Position?
    /// Identity hash → position of signals: a part of those that the next checkpoint contains, ascending by hash. After
    /// a crash some are repeated.
    public var identities: [(hash: UInt64, position: Position)] = []
    public var checkpoint: Checkpoint?

    public init() {}

    public var isEmpty: Bool {
        records.isEmpty && createdConversations.isEmpty && savedConversations.isEmpty && openedEffects.isEmpty
            && changedEffects.isEmpty && closedEffects.isEmpty && deadLetters.isEmpty && redrivenDeadLetters.isEmpty
            && discardedDeadLetters.isEmpty && outboxCursor == nil && identities.isEmpty && checkpoint == nil
    }

    /// Whether this batch re-drives or discards a dead letter.
    package func hasMoved(_ position: Position) -> Bool {
        redrivenDeadLetters.contains(position) || discardedDeadLetters.contains(position)
    }
}
