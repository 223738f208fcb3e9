import Conversation
import EffectPort
import JournalPort
import Logging
import Observability
import Signals

/// Accepts the signals of one shard, decides their order, applies them, and writes everything in one transaction.
///
/// Belongs to one thread, and has no clock: `EngineThread` and the simulation call it. Only the engine uses the
/// journal; all decisions are made by `ShardState`, a value.
public final class Engine {
    let journal: any Journal
    var state: ShardState

    /// Reads the data for a start-up from the journal: the state is then that of the last commit.
    /// - Throws: errors of reading the journal.
    /// - Parameter metrics: earlier counts, if this engine replaces another one.
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

    /// One transaction: fetches what it may need, records the input, applies what is ready (including signals recorded
    /// a moment ago), and commits once. The caller may act on the result, because it is durable.
    ///
    /// If it throws, nothing has happened, and this engine must not be used any more: create a new one from the
    /// journal.
    public func process(_ input: EngineInput, at time: EngineTime) throws(JournalError) -> EngineOutput {
        state.begin(input, at: time)
        try prefetch(input)
        state.transact(input)
        if let failure = state.transaction.failure { throw failure }
        try journal.commit(state.transaction.batch)
        state.count(input)
        return state.transaction.output
    }

    /// Records the duration of the last transaction.
    package func observeCommit(seconds: Double) {
        state.metrics.commitSeconds.observe(seconds)
    }
}

/// The parts of the state that others may read.
extension Engine {
    public var metrics: MetricsSnapshot { state.metrics }
    /// The newest committed position.
    public var lastPosition: Position { state.lastPosition }
    package var outboxCursor: Position { state.outboxCursor }
    public var outboxLag: Int64 { state.outboxLag }
    /// The partitions that this engine runs: those of its journal's shard.
    package var shardPartitions: ShardPartitions { state.partitions.places }
    public var queueDepth: Int { state.partitions.queueDepth }
    /// The waiting signals of each partition of the shard, ascending by the partitions' numbers.
    public var partitionDepths: [MetricsSnapshot.PartitionDepth] {
        state.partitions.depths.map { MetricsSnapshot.PartitionDepth(queued: $0.queued, parked: $0.parked) }
    }
    public var openEffects: Int { state.ledger.count }
    /// The slots for attempts in use and requested.
    package var placeUse: PlaceUse { state.ledger.placeUse }
    /// Bytes of streamed text of running attempts in memory.
    public var streamedTextBytes: Int { state.ledger.textBytes }

    /// Whether `process` has work without new input.
    public var hasWork: Bool { state.hasWork }

    /// When the next work is due without new input, in monotonic milliseconds: a parked signal, a timer, an attempt.
    public func nextTimeout() -> Int64? { state.nextTimeout() }

    /// A conversation's state, as of the last transaction; nil for a subject without records.
    public func state(ofSubject subject: String) throws(JournalError) -> ConversationState? {
        if let active = state.conversations.find(subject: subject) { return active.record.core.state }
        return try journal.conversation(subject: subject)?.core.state
    }

    /// Another conversation was set aside since `takeSetAside` was called.
    package var hasSetAside: Bool { state.hasSetAside }

    /// The conversations that cannot be loaded, for display.
    package func takeSetAside() -> [SetAsideConversation] {
        state.hasSetAside = false
        return setAsideConversations
    }

    /// The conversations that cannot be loaded, in the order of their numbers.
    public var setAsideConversations: [SetAsideConversation] {
        state.setAside.sorted { $0.key.rawValue < $1.key.rawValue }.map(\.value.conversation)
    }
}
