import EffectPort
import Conversation
import JournalPort
import Logging
import Observability
import Signals

/// What a shard's engine keeps in memory, and what it does with it in a transaction: recording, applying, ordering effects.
///
/// A value without a journal: a transaction uses what is in memory and what was fetched for it, and reads nothing.
struct ShardState {
    let settings: EngineSettings
    let logger: Logger
    let ids: DerivedIDs
    var partitions: PartitionMachines
    var conversations: ConversationCache
    var ledger: EffectLedger
    /// Signals recorded since the last checkpoint.
    var recent = IdentityIndex()
    var pending = PendingChanges()
    /// The checkpoint that is being written.
    var checkpoint: CheckpointWriter?
    /// Where the newest checkpoint stands, complete or not.
    var checkpointed = Position.start
    /// The position the next record gets.
    var nextPosition = Position.start.next
    var lastConversation: Int64 = 0
    var outboxCursor = Position.start
    /// Partitions with ready signals, in the order of their turns.
    var turns: [Int] = []
    var hasTurn: [Bool]
    /// Pending signals that were dead letters before.
    var redriven: Set<Position> = []
    /// While recovering: what is pending but not yet handed to its partition.
    var unqueued: Set<Position> = []
    /// Conversations that cannot be loaded.
    var setAside: [ConversationID: SetAside] = [:]
    /// One more was set aside since the last look.
    var hasSetAside = false
    /// What has happened to conversations and is to be recorded with the next commit.
    var untold: [Untold] = []
    var timestamps = TimestampWriter()
    var metrics: MetricsSnapshot
    /// What the last transaction lacked.
    var wanted = Wanted()
    var transaction: Transaction

    init(
        _ partitions: ShardPartitions, settings: EngineSettings, time: EngineTime, metrics: MetricsSnapshot,
        logger: Logger
    ) {
        self.settings = settings
        self.logger = logger
        self.metrics = metrics
        ids = DerivedIDs(partitions.shard.tag)
        self.partitions = PartitionMachines(
            partitions, order: settings.schedulerOrder, fairnessThreshold: settings.fairnessThreshold)
        hasTurn = Array(repeating: false, count: partitions.total)
        conversations = ConversationCache(limit: settings.conversationLimit)
        ledger = EffectLedger(settings: settings.effects)
        transaction = Transaction(time: time, committed: .start)
    }

    /// The newest position, that of the transaction at hand included.
    var lastPosition: Position { Position(nextPosition.rawValue - 1) }
    var outboxLag: Int64 { lastPosition.rawValue - outboxCursor.rawValue }
    var hasWork: Bool { !turns.isEmpty || ledger.hasStartable || !untold.isEmpty }

    /// When something is due without new input, in monotonic milliseconds. Never before the clock's zero, a time that cannot be
    /// waited for.
    mutating func nextTimeout() -> Int64? {
        guard let next = [nextParkedTimeout(), ledger.nextDue].compactMap(\.self).min() else { return nil }
        return max(0, next)
    }

    private mutating func nextParkedTimeout() -> Int64? {
        var oldest: Int64?
        for index in partitions.numbers where partitions[index].parkedCount > 0 {
            if let parkedAt = partitions[index].oldestParkedAt() { oldest = min(oldest ?? parkedAt, parkedAt) }
        }
        return oldest.map { $0 + settings.causeTimeoutMilliseconds }
    }

    // MARK: A transaction

    /// Begins a transaction: what it needs is fetched next.
    mutating func begin(_ input: EngineInput, at time: EngineTime) {
        transaction = Transaction(time: time, committed: lastPosition)
        if let places = input.places { ledger.setPlaces(places) }
        transaction.identities = input.inbound.map(identity)
        ledger.endOutage(of: input.availableTools)
        transaction.due = ledger.takeDue(now: time.monotonic)
    }

    private func identity(of inbound: InboundSignal) -> UInt64 {
        switch inbound {
        case .accepted(let signal): IdentityHash.of(subject: signal.subject, id: signal.id)
        case .rejected(let message): IdentityHash.of(subject: rejectionSubject(message), id: rejectionID(message))
        }
    }

    /// Does everything that the transaction is for. Reads nothing: what it lacks it leaves to the next one.
    mutating func transact(_ input: EngineInput) {
        wanted = Wanted()
        for (inbound, hash) in zip(input.inbound, transaction.identities) {
            let outcome = record(inbound, hash: hash)
            transaction.output.outcomes.append(outcome)
        }
        for report in input.reports { record(report) }
        for move in input.deadLetterMoves {
            let outcomes = carryOut(move)
            transaction.output.deadLetterOutcomes.append(outcomes)
        }
        for event in input.unpublished { setAside(event) }
        carryOutDue()
        expireParked()
        transaction.budget = min(settings.applyBudget, input.applications ?? .max)
        applyUrgent()
        applyReady()
        // What was just ordered starts in the same transaction: a message and its attempt cost one commit.
        startEffects()
        applyReady()
        if let cursor = input.outboxCursor, cursor > outboxCursor {
            outboxCursor = cursor
            transaction.batch.outboxCursor = cursor
        }
        tellOfDamage()
        keepMemoryBounded()
    }

    /// Counts what was committed.
    mutating func count(_ input: EngineInput) {
        let batch = transaction.batch
        if !batch.isEmpty {
            metrics.counters.commits += 1
            metrics.commitBatchSize.observe(Double(batch.records.count))
            transaction.output.recorded = batch.records.count
        }
        metrics.counters.received += UInt64(input.inbound.count)
        metrics.counters.recorded += UInt64(batch.records.count)
        metrics.counters.applied += UInt64(transaction.output.applied)
        metrics.counters.deadLetters += UInt64(batch.deadLetters.count)
        metrics.gauges.deadLettersOpen += batch.deadLetters.count
        for outcome in transaction.output.outcomes {
            switch outcome {
            case .recorded: break
            case .duplicate: metrics.counters.duplicates += 1
            case .rejected(_, let rejection): metrics.rejected[rejection.code.label] += 1
            }
        }
        measure()
    }

    /// Takes the gauges anew.
    mutating func measure() {
        metrics.gauges.queueDepth = partitions.queueDepth
        metrics.gauges.parked = partitions.parkedCount
        metrics.gauges.conversationsCached = conversations.count
        metrics.gauges.openEffects = ledger.count
        metrics.gauges.outboxLag = Int(outboxLag)
        metrics.gauges.conversationsSetAside = setAside.count
    }
}
