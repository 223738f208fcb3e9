import Conversation
import JournalPort
import Logging
import Observability
import Signals

/// Takes the signals of one shard in, decides their order, applies them, and writes all of it in one transaction.
///
/// `transact` is the whole runtime between the broker's two connections: it records what came in, applies what is ready
/// (what was recorded a moment ago included), commits once, and returns what may be acted on now that it is durable.
/// No threads, no clock: `EngineThread` calls it, and the simulation does. Belongs to one thread.
public final class Engine {
    let journal: any Journal
    let settings: EngineSettings
    let logger: Logger
    let ids: DerivedIDs
    var partitions: PartitionMachines
    var conversations: ConversationCache
    var recent = IdentityIndex()
    var pending = PendingChanges()
    /// The checkpoint that is being written.
    var checkpoint: CheckpointWriter?
    var ledger: EffectLedger
    /// The position the next record gets.
    var nextPosition = Position.start.next
    var lastConversation: Int64 = 0
    /// Where the newest checkpoint stands, complete or not.
    var checkpointed = Position.start
    package var outboxCursor = Position.start
    /// Partitions with ready signals, in the order of their turns.
    var turns: [Int] = []
    var hasTurn: [Bool]
    /// While recovering: what is pending but not yet handed to its partition.
    var unqueued: Set<Position> = []
    /// The transaction at hand.
    var batch = JournalBatch()
    var output = EngineOutput()
    /// Partitions that got a control signal in the transaction at hand, once for each.
    var urgent: [Int] = []
    /// Conversations that cannot be loaded.
    var setAside: [ConversationID: SetAside] = [:]
    /// One more was set aside since `takeSetAside` was called.
    package var hasSetAside = false
    /// What has happened to conversations and is to be recorded with the next commit.
    var untold: [Untold] = []
    /// Conversations to be set aside at the end of the transaction at hand.
    var condemned: [(conversation: ActiveConversation, reason: String)] = []
    /// Applications the transaction at hand may still make.
    var budget = 0
    var timestamps = TimestampWriter()
    /// Dead letters of the transaction at hand.
    var buried: Set<Position> = []
    var time = EngineTime(wall: 0, monotonic: 0)
    public internal(set) var metrics: MetricsSnapshot

    /// Reads what a start-up needs from the journal: the state is then the one the last commit left.
    /// - Throws: what reading the journal throws.
    /// - Parameter metrics: what was counted before, when this engine takes another one's place.
    public init(
        journal: any Journal, settings: EngineSettings, time: EngineTime, metrics: MetricsSnapshot = MetricsSnapshot(),
        logger: Logger
    ) throws(JournalError) {
        self.journal = journal
        self.settings = settings
        self.logger = logger
        ids = DerivedIDs(journal.shard.tag)
        partitions = PartitionMachines(
            ShardPartitions(journal.shard, total: journal.partitionCount), order: settings.schedulerOrder,
            fairnessThreshold: settings.fairnessThreshold)
        hasTurn = Array(repeating: false, count: journal.partitionCount)
        conversations = ConversationCache(limit: settings.conversationLimit)
        ledger = EffectLedger(settings: settings.effects)
        self.time = time
        self.metrics = metrics
        try recover()
        try journal.commit(JournalBatch(), epoch: .single)
    }

    /// The newest committed position.
    public var lastPosition: Position { Position(nextPosition.rawValue - 1) }
    /// The partitions that this engine runs: those of its journal's shard.
    package var shardPartitions: ShardPartitions { partitions.places }
    public var queueDepth: Int { partitions.queueDepth }
    /// What waits in each partition of the shard, ascending by the partitions' numbers.
    public var partitionDepths: [MetricsSnapshot.PartitionDepth] {
        partitions.depths.map { MetricsSnapshot.PartitionDepth(queued: $0.queued, parked: $0.parked) }
    }
    var parkedCount: Int { partitions.parkedCount }
    public var openEffects: Int { ledger.count }
    /// The places for attempts that are used and wanted.
    package var placeUse: PlaceUse { ledger.placeUse }
    /// Bytes of what running attempts have streamed, as far as it is in memory.
    public var streamedTextBytes: Int { ledger.textBytes }
    public var outboxLag: Int64 { lastPosition.rawValue - outboxCursor.rawValue }

    /// Whether `transact` has something to do without new input.
    public var hasWork: Bool { !turns.isEmpty || ledger.hasStartable || !untold.isEmpty }

    /// A conversation's state, as of the last transaction; nil for a subject without records.
    public func state(ofSubject subject: String) throws(JournalError) -> ConversationState? {
        if let active = conversations.find(subject: subject) { return active.record.core.state }
        return try journal.conversation(subject: subject)?.core.state
    }

    /// When something is due without new input, in monotonic milliseconds: a parked signal, a timer, an attempt. Never before
    /// the clock's zero, a time that cannot be waited for.
    public func nextTimeout() -> Int64? {
        guard let next = [nextParkedTimeout(), ledger.nextDue].compactMap(\.self).min() else { return nil }
        return max(0, next)
    }

    private func nextParkedTimeout() -> Int64? {
        var oldest: Int64?
        for index in partitions.numbers where partitions[index].parkedCount > 0 {
            if let parkedAt = partitions[index].oldestParkedAt() { oldest = min(oldest ?? parkedAt, parkedAt) }
        }
        return oldest.map { $0 + settings.causeTimeoutMilliseconds }
    }

    /// One transaction. When it throws nothing of it has happened, and this engine must not be used any more: make a new
    /// one from the journal.
    public func transact(_ input: EngineInput, at time: EngineTime) throws(JournalError) -> EngineOutput {
        self.time = time
        batch = JournalBatch()
        output = EngineOutput()
        buried.removeAll(keepingCapacity: true)
        if let places = input.places { ledger.setPlaces(places) }

        for inbound in input.inbound { output.outcomes.append(try record(inbound)) }
        for report in input.reports { try record(report) }
        for move in input.deadLetterMoves { output.deadLetterOutcomes.append(try carryOut(move)) }
        for event in input.unpublished { try setAside(event) }
        try takeDue()
        try expireParked()
        budget = min(settings.applyBudget, input.applications ?? .max)
        try applyUrgent()
        try applyReady()
        // What was just ordered starts in the same transaction: a message and its attempt cost one commit.
        try startEffects()
        try applyReady()
        if let cursor = input.outboxCursor, cursor > outboxCursor {
            outboxCursor = cursor
            batch.outboxCursor = cursor
        }
        try tellOfDamage()
        try finishBatch()

        try journal.commit(batch, epoch: .single)
        if !batch.isEmpty {
            metrics.counters.commits += 1
            metrics.commitBatchSize.observe(Double(batch.records.count))
            output.recorded = batch.records.count
        }
        count(input)
        return output
    }

    /// Counts how long the last transaction took.
    package func observeCommit(seconds: Double) {
        metrics.commitSeconds.observe(seconds)
    }

    /// Adds what keeps memory and start-up bounded.
    private func finishBatch() throws(JournalError) {
        writeCheckpoint()
        save(conversations.evict())
        releaseSignals()
    }

    func save(_ records: [ConversationRecord]) {
        for var record in records {
            record.through = lastPosition
            batch.savedConversations.append(record)
        }
    }

    /// Begins a checkpoint when one is due, and takes the next steps of one that is begun.
    private func writeCheckpoint() {
        if checkpoint == nil, nextPosition.rawValue - checkpointed.rawValue > settings.checkpointInterval {
            checkpoint = CheckpointWriter(
                through: lastPosition, identities: recent, conversations: conversations.dirty, pending: pending,
                applyOrders: partitions.applyOrders, interval: settings.checkpointInterval)
            recent = IdentityIndex()
            pending = PendingChanges()
            checkpointed = lastPosition
        }
        // A transaction that writes nothing else need not become one because of it.
        guard checkpoint != nil, !batch.isEmpty else { return }
        for conversation in checkpoint?.write(to: &batch) ?? [] {
            conversation.isDirty = false
            save([conversation.record])
        }
        if batch.checkpoint != nil { checkpoint = nil }
    }

    /// Where signals with this hash were recorded. After a crash in the middle of a checkpoint a position comes twice.
    func positions(identity hash: UInt64) throws(JournalError) -> [Position] {
        recent.positions(hash) + (checkpoint?.positions(hash) ?? []) + (try journal.positions(identity: hash))
    }

    /// Lets go of the bytes of signals that wait beyond the limit; they are read back when their turn comes.
    private func releaseSignals() {
        guard queueDepth > settings.residentSignalLimit else { return }
        for record in batch.records {
            guard let conversation = conversations.find(id: record.conversation) else { continue }
            partitions[conversation.record.partition].release(record.position)
        }
    }

    private func count(_ input: EngineInput) {
        metrics.counters.received += UInt64(input.inbound.count)
        metrics.counters.recorded += UInt64(batch.records.count)
        metrics.counters.applied += UInt64(output.applied)
        metrics.counters.deadLetters += UInt64(batch.deadLetters.count)
        metrics.gauges.deadLettersOpen += batch.deadLetters.count
        for outcome in output.outcomes {
            switch outcome {
            case .recorded: break
            case .duplicate: metrics.counters.duplicates += 1
            case .rejected(_, let rejection): metrics.rejected[rejection.code.label] += 1
            }
        }
        metrics.gauges.queueDepth = queueDepth
        metrics.gauges.parked = parkedCount
        metrics.gauges.conversationsCached = conversations.count
        metrics.gauges.openEffects = ledger.count
        metrics.gauges.outboxLag = Int(outboxLag)
        metrics.gauges.conversationsSetAside = setAside.count
    }
}
