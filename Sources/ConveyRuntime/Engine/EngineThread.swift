import ConveyEngine
import EffectPort
import ConveyQueries
import JournalPort
import Logging
import Observability
import Threads

/// Runs a shard's engine on its own thread: takes the inputs of other threads, calls `process`, and acts on what is
/// durable. Only this thread uses the journal's writing connection.
final class EngineThread: Sendable {
    /// The components that act on commits.
    struct Outlets: Sendable {
        var outbox: OutboxQueue
        var effects: EffectManager
        var live: LiveFeed
    }

    let mailbox: EngineMailbox
    private let shard: Int
    private let settings: EngineSettings
    private let places: EffectPlaces?
    private let backPressure: BackPressure
    private let board: ShardBoard
    private let logger: Logger
    private let beat: ThreadBeat
    private let tell: @Sendable (ShardPhase) -> Void
    private let mayOwn: @Sendable () -> Bool

    /// Interval between reads of the depths of all partitions, because there may be many.
    private static let partitionsMicroseconds: Int64 = 100_000
    /// Interval at which the idle engine checks its cursor and time-outs.
    private static let tickMicroseconds: Int64 = 250_000
    private static let firstRetryMicroseconds: Int64 = 100_000
    private static let lastRetryMicroseconds: Int64 = 5_000_000
    /// Of a journal behind a network, which is back at once where another server has taken over.
    private static let lastSharedRetryMicroseconds: Int64 = 500_000

    /// - Parameters:
    ///   - places: grants slots for attempts; nil for as many as the settings allow.
    ///   - tell: called when the journal cannot be written, and when it can be written again.
    ///   - mayOwn: whether this process may still own the shard.
    init(
        shard: Int = 0, mailbox: EngineMailbox, settings: EngineSettings, places: EffectPlaces? = nil,
        backPressure: BackPressure, board: ShardBoard, logger: Logger, beat: ThreadBeat,
        tell: @escaping @Sendable (ShardPhase) -> Void = { _ in }, mayOwn: @escaping @Sendable () -> Bool = { true }
    ) {
        self.shard = shard
        self.mailbox = mailbox
        self.settings = settings
        self.places = places
        self.backPressure = backPressure
        self.board = board
        self.logger = logger
        self.beat = beat
        self.tell = tell
        self.mayOwn = mayOwn
    }

    /// The time of the last report of the partitions' numbers.
    private struct PartitionLook {
        var at: Int64 = .min
        /// They may have changed since then.
        var isOld = false

        /// Whether the next report is due.
        mutating func isDue(_ now: Int64) -> Bool {
            isOld = at.saturatingAdd(EngineThread.partitionsMicroseconds) > now
            if !isOld { at = now }
            return !isOld
        }

        /// Makes the next report due.
        mutating func begin() { at = .min }
    }

    /// Works until a stop was requested and nothing is left to do, or the deadline for stopping has passed.
    /// - Parameter stopBy: the deadline (microseconds, monotonic) once there is one.
    /// - Returns: the final engine, for `flushCursor`.
    /// - Throws: an error after which the process must end.
    func run(
        journal: any Journal, engine first: Engine, outlets: Outlets, stopBy: @Sendable () -> Int64?
    ) throws(JournalError) -> Engine {
        var engine = first
        var look = PartitionLook()
        while true {
            let work = take(engine, outlets)
            beat.turn()
            if work.isStopping, work.batches.isEmpty, work.posts.isEmpty, work.reports.isEmpty,
                !engine.hasWork || isPast(stopBy())
            {
                // `flushCursor` writes it after the outbox has ended.
                mailbox.putBack(work.unpublished)
                if let cursor = work.outboxCursor { mailbox.moveOutboxCursor(to: cursor) }
                work.fail(with: EngineMailbox.closed)
                return engine
            }
            do throws(JournalError) {
                guard mayOwn() else { throw JournalError(.ownedElsewhere, "another node owns the first shard now") }
                try transact(engine, work, outlets, journal, &look)
            } catch {
                work.fail(with: error)
                mailbox.putBack(work.unpublished)
                engine = try recover(from: error, engine: engine, journal: journal, outlets: outlets)
            }
        }
    }

    private func isPast(_ deadline: Int64?) -> Bool {
        deadline.map { $0 <= Clocks.monotonicMicroseconds() } ?? false
    }

    /// The last step before the journal closes, so that acknowledged events are not published again.
    func flushCursor(_ engine: Engine) throws(JournalError) {
        var input = EngineInput()
        let left = mailbox.take(until: 0)
        input.unpublished = left.unpublished
        input.outboxCursor = left.outboxCursor
        guard !input.isEmpty else { return }
        _ = try engine.process(input, at: Clocks.engineTime())
    }

    /// Waits for work: inputs of other threads, or room in the outbox for signals that wait to be applied.
    private func take(_ engine: Engine, _ outlets: Outlets) -> EngineMailbox.Contents {
        var tick = Clocks.monotonicMicroseconds() + Self.tickMicroseconds
        if let due = engine.nextTimeout() { tick = min(tick, due.saturatingMultiply(1_000)) }
        guard engine.hasWork else { return mailbox.take(until: tick) }
        return mailbox.take(until: tick) { outlets.outbox.room != 0 }
    }

    private func transact(
        _ engine: Engine, _ work: EngineMailbox.Contents, _ outlets: Outlets, _ journal: any Journal,
        _ look: inout PartitionLook
    ) throws(JournalError) {
        var input = EngineInput()
        for batch in work.batches { input.inbound += batch.inbound }
        for post in work.posts { input.inbound.append(post.inbound) }
        input.reports = work.reports
        input.deadLetterMoves = work.deadLetters.map(\.move)
        input.unpublished = work.unpublished
        input.outboxCursor = work.outboxCursor
        input.availableTools = work.availableTools
        input.applications = outlets.outbox.room
        let time = Clocks.engineTime()
        let began = Clocks.monotonicMicroseconds()
        let isDue = engine.nextTimeout().map { $0 <= time.monotonic } ?? false
        guard !input.isEmpty || engine.hasWork || isDue || work.mayHavePlaces else {
            if look.isOld {
                look.begin()
                tellNumbers(engine, journal, &look, now: began)
            }
            // A commit checks this itself.
            return try journal.confirmInPlace()
        }
        input.places = places?.begin(shard, engine.placeUse)
        let output = try engine.process(input, at: time)
        places?.settle(shard, engine.placeUse)
        let ended = Clocks.monotonicMicroseconds()
        engine.observeCommit(seconds: Double(ended - began) / 1_000_000)
        // Committed: from here on others may see it.
        outlets.outbox.append(output.outbound, committed: engine.lastPosition)
        var outcomes = output.outcomes[...]
        for batch in work.batches {
            batch.ticket.complete(.success(Array(outcomes.prefix(batch.inbound.count))))
            outcomes = outcomes.dropFirst(batch.inbound.count)
        }
        for (post, outcome) in zip(work.posts, outcomes) { post.answer(.success(outcome)) }
        for (ticket, outcomes) in zip(work.deadLetters, output.deadLetterOutcomes) { ticket.answer(.success(outcomes)) }
        outlets.effects.carryOut(output.orders)
        outlets.live.committed(output.outbound)
        backPressure.update(
            shard: shard, queueDepth: engine.queueDepth, outboxLag: engine.outboxLag, openEffects: engine.openEffects)
        tellNumbers(engine, journal, &look, now: ended)
        if engine.hasSetAside { board.setConversations(setAside: engine.takeSetAside()) }
    }

    private func tellNumbers(_ engine: Engine, _ journal: any Journal, _ look: inout PartitionLook, now: Int64) {
        var metrics = engine.metrics
        metrics.gauges.journalBytes = journal.bytes
        if look.isDue(now) { metrics.gauges.partitions = engine.partitionDepths }
        board.setMetrics(metrics, lastPosition: engine.lastPosition.rawValue)
    }

    /// After a failed transaction: forgets everything that was not committed and reads the journal again, exactly as a
    /// restart would, once it can be written.
    private func recover(
        from cause: JournalError, engine: Engine, journal: any Journal, outlets: Outlets
    ) throws(JournalError) -> Engine {
        guard cause.isRetriable else { throw cause }
        let lastRetry = journal.lease == nil ? Self.lastRetryMicroseconds : Self.lastSharedRetryMicroseconds
        logger.log(
            level: cause.code == .displaced ? .critical : .error,
            "the journal cannot be written; its signals wait until it can", metadata: ["reason": "\(cause)"])
        board.setJournal(.failed(cause.message))
        tell(.waiting(cause))
        backPressure.journalFailed(shard: shard)
        outlets.effects.cancelAll()
        places?.settle(shard, PlaceUse())
        var metrics = engine.metrics
        metrics.counters.commitFailures += 1
        metrics.gauges.partitions = engine.partitionDepths
        board.setMetrics(metrics)
        var delay = Self.firstRetryMicroseconds
        var unpublished: [UnpublishedEvent] = []
        defer { mailbox.putBack(unpublished) }
        while true {
            let contents = mailbox.take(until: Clocks.monotonicMicroseconds() + delay)
            beat.turn(allowing: BeatLimits.start)
            contents.fail(with: cause)
            unpublished += contents.unpublished
            if contents.isStopping { throw cause }
            do {
                try journal.probe()
                let recovered = try Engine(
                    journal: journal, settings: settings, time: Clocks.engineTime(), metrics: metrics, logger: logger)
                logger.notice("the journal can be written again")
                outlets.outbox.recovered(through: recovered.lastPosition)
                outlets.live.committedUnseen()
                board.setJournal(.open)
                backPressure.update(
                    shard: shard, queueDepth: recovered.queueDepth, outboxLag: recovered.outboxLag,
                    openEffects: recovered.openEffects)
                tell(.serving)
                return recovered
            } catch {
                guard error.isRetriable else { throw error }
                metrics.counters.commitFailures += 1
                board.setMetrics(metrics)
                board.setJournal(.failed(error.message))
                delay = min(delay * 2, lastRetry)
            }
        }
    }
}

extension Clocks {
    /// The current time, for a transaction.
    static func engineTime() -> EngineTime {
        EngineTime(wall: wallMicroseconds(), monotonic: monotonicMicroseconds() / 1_000)
    }
}
