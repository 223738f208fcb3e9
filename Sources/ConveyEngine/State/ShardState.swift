import EffectPort
import Conversation
import JournalPort
import Logging
import Observability
import Signals

/// The memory of a shard's engine, and its work in a transaction: recording, applying, ordering effects.
///
/// A value without a journal: a transaction uses data in memory and data fetched for it, and reads nothing.
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
    /// The checkpoint being written.
    var checkpoint: CheckpointWriter?
    /// The position of the newest checkpoint, complete or not.
    var checkpointed = Position.start
    /// The position of the next record.
    var nextPosition = Position.start.next
    var lastConversation: Int64 = 0
    var outboxCursor = Position.start
    /// Partitions with ready signals, in the order of service.
    var turns: [Int] = []
    var hasTurn: [Bool]
    /// Pending signals that were dead letters before.
    var redriven: Set<Position> = []
    /// During recovery: pending signals not yet handed to their partition.
    var unqueued: Set<Position> = []
    /// Conversations that cannot be loaded.
    var setAside: [ConversationID: SetAside] = [:]
    /// Another conversation was set aside since the last check.
    var hasSetAside = false
    /// Events of conversations to record with the next commit.
    var untold: [Untold] = []
    var timestamps = TimestampWriter()
    var metrics: MetricsSnapshot
    /// The data that the last transaction lacked.
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

    /// The newest position, including the current transaction's.
    var lastPosition: Position { Position(nextPosition.rawValue - 1) }
    var outboxLag: Int64 { lastPosition.rawValue - outboxCursor.rawValue }
    var hasWork: Bool { !turns.isEmpty || ledger.hasStartable || !untold.isEmpty }

    /// The next time when something is due without new input, in monotonic milliseconds. Never before the clock's zero,
    /// which cannot be waited for.
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

    /// Begins a transaction: next, its data are fetched.
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

    /// Does all work of the transaction. Reads nothing: steps with missing data are left to the next transaction.
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
        // Newly ordered effects start in the same transaction: a message and its attempt cost one commit.
        startEffects()
        applyReady()
        if let cursor = input.outboxCursor, cursor > outboxCursor {
            outboxCursor = cursor
            transaction.batch.outboxCursor = cursor
        }
        tellOfDamage()
        keepMemoryBounded()
    }

    /// Counts the commit.
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

    /// Updates the gauges.
    mutating func measure() {
        metrics.gauges.queueDepth = partitions.queueDepth
        metrics.gauges.parked = partitions.parkedCount
        metrics.gauges.conversationsCached = conversations.count
        metrics.gauges.openEffects = ledger.count
        metrics.gauges.outboxLag = Int(outboxLag)
        metrics.gauges.conversationsSetAside = setAside.count
    }
}
