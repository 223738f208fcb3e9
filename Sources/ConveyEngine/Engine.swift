import Conversation
import JournalPort
import Logging
import Observability
import Signals

/// Takes the signals of one shard in, decides their order, applies them, and writes all of it in one transaction.
///
/// Belongs to one thread, and has no clock: `EngineThread` calls it, and the simulation does. It is the only one that touches the
/// journal; everything that is decided is decided by `ShardState`, a value.
public final class Engine {
    let journal: any Journal
    var state: ShardState

    /// Reads what a start-up needs from the journal: the state is then the one the last commit left.
    /// - Throws: what reading the journal throws.
    /// - Parameter metrics: what was counted before, when this engine takes another one's place.
    public init(
        journal: any Journal, settings: EngineSettings, time: EngineTime, metrics: MetricsSnapshot = MetricsSnapshot(),
        logger: Logger
    ) throws(JournalError) {
        self.journal = journal
        state = ShardState(
            ShardPartitions(journal.shard, total: journal.partitionCount), settings: settings, time: time,
            metrics: metrics, logger: logger)
        try recover()
        try journal.commit(JournalBatch())
    }

    /// One transaction: fetches what it may need, records what came in, applies what is ready (what was recorded a moment ago
    /// included), and commits once. What it returns may be acted on: it is durable.
    ///
    /// When it throws nothing of it has happened, and this engine must not be used any more: make a new one from the journal.
    public func process(_ input: EngineInput, at time: EngineTime) throws(JournalError) -> EngineOutput {
        state.begin(input, at: time)
        try prefetch(input)
        state.transact(input)
        if let failure = state.transaction.failure { throw failure }
        try journal.commit(state.transaction.batch)
        state.count(input)
        return state.transaction.output
    }

    /// Counts how long the last transaction took.
    package func observeCommit(seconds: Double) {
        state.metrics.commitSeconds.observe(seconds)
    }
}

/// What others may know of it.
extension Engine {
    public var metrics: MetricsSnapshot { state.metrics }
    /// The newest committed position.
    public var lastPosition: Position { state.lastPosition }
    package var outboxCursor: Position { state.outboxCursor }
    public var outboxLag: Int64 { state.outboxLag }
    /// The partitions that this engine runs: those of its journal's shard.
    package var shardPartitions: ShardPartitions { state.partitions.places }
    public var queueDepth: Int { state.partitions.queueDepth }
    /// What waits in each partition of the shard, ascending by the partitions' numbers.
    public var partitionDepths: [MetricsSnapshot.PartitionDepth] {
        state.partitions.depths.map { MetricsSnapshot.PartitionDepth(queued: $0.queued, parked: $0.parked) }
    }
    public var openEffects: Int { state.ledger.count }
    /// The places for attempts that are used and wanted.
    package var placeUse: PlaceUse { state.ledger.placeUse }
    /// Bytes of what running attempts have streamed, as far as it is in memory.
    public var streamedTextBytes: Int { state.ledger.textBytes }

    /// Whether `process` has something to do without new input.
    public var hasWork: Bool { state.hasWork }

    /// When something is due without new input, in monotonic milliseconds: a parked signal, a timer, an attempt.
    public func nextTimeout() -> Int64? { state.nextTimeout() }

    /// A conversation's state, as of the last transaction; nil for a subject without records.
    public func state(ofSubject subject: String) throws(JournalError) -> ConversationState? {
        if let active = state.conversations.find(subject: subject) { return active.record.core.state }
        return try journal.conversation(subject: subject)?.core.state
    }

    /// One more conversation was set aside since `takeSetAside` was called.
    package var hasSetAside: Bool { state.hasSetAside }

    /// The conversations that cannot be loaded, for whoever shows them.
    package func takeSetAside() -> [SetAsideConversation] {
        state.hasSetAside = false
        return setAsideConversations
    }

    /// The conversations that cannot be loaded, in the order of their numbers.
    public var setAsideConversations: [SetAsideConversation] {
        state.setAside.sorted { $0.key.rawValue < $1.key.rawValue }.map(\.value.conversation)
    }
}
