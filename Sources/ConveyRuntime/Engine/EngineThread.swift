import ConveyEngine
import ConveyQueries
import JournalPort
import Logging
import Synchronization
import Threads

/// Runs the engine on a thread of its own: takes what other threads hand over, calls `transact`, and lets go what is
/// durable. The only thread that touches the journal's writing connection.
final class EngineThread: Sendable {
    /// Who acts on what has been committed.
    struct Outlets: Sendable {
        var outbox: OutboxQueue
        var effects: EffectManager
        var live: LiveFeed
    }

    let mailbox: EngineMailbox
    private let settings: EngineSettings
    private let backPressure: BackPressure
    private let board: StatusBoard
    private let logger: Logger
    private let beat: ThreadBeat

    /// How often the engine looks at its cursor and time-outs when nothing comes in.
    private static let tickMicroseconds: Int64 = 250_000
    private static let firstRetryMicroseconds: Int64 = 100_000
    private static let lastRetryMicroseconds: Int64 = 5_000_000

    init(
        mailbox: EngineMailbox, settings: EngineSettings, backPressure: BackPressure, board: StatusBoard,
        logger: Logger, beat: ThreadBeat
    ) {
        self.mailbox = mailbox
        self.settings = settings
        self.backPressure = backPressure
        self.board = board
        self.logger = logger
        self.beat = beat
    }

    /// Works until a stop was asked for and nothing is left to do, or the deadline for stopping has passed.
    /// - Parameter stopBy: the deadline (microseconds, monotonic) once there is one.
    /// - Returns: the engine at the end, for `flushCursor`.
    /// - Throws: an error after which the process must not go on.
    func run(
        journal: any Journal, engine first: Engine, outlets: Outlets, stopBy: @Sendable () -> Int64?
    ) throws(JournalError) -> Engine {
        var engine = first
        while true {
            let work = take(engine, outlets)
            beat.turn()
            if work.isStopping, work.ticket == nil, work.posts.isEmpty, work.reports.isEmpty,
                !engine.hasWork || isPast(stopBy())
            {
                // `flushCursor` writes it once the outbox has come to its end.
                mailbox.putBack(work.unpublished)
                if let cursor = work.outboxCursor { mailbox.moveOutboxCursor(to: cursor) }
                work.fail(with: EngineMailbox.closed)
                return engine
            }
            do {
                try transact(engine, work, outlets, journal)
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

    /// The last thing before the journal closes: what the broker acknowledged is not published again.
    func flushCursor(_ engine: Engine) throws(JournalError) {
        var input = EngineInput()
        let left = mailbox.take(until: 0)
        input.unpublished = left.unpublished
        input.outboxCursor = left.outboxCursor
        guard !input.isEmpty else { return }
        _ = try engine.transact(input, at: Clocks.engineTime())
    }

    /// Waits for something to do: what others hand over, or room in the outbox for what waits to be applied.
    private func take(_ engine: Engine, _ outlets: Outlets) -> EngineMailbox.Contents {
        var tick = Clocks.monotonicMicroseconds() + Self.tickMicroseconds
        if let due = engine.nextTimeout() { tick = min(tick, due.saturatingMultiply(1_000)) }
        guard engine.hasWork else { return mailbox.take(until: tick) }
        return mailbox.take(until: tick) { outlets.outbox.room != 0 }
    }

    private func transact(
        _ engine: Engine, _ work: EngineMailbox.Contents, _ outlets: Outlets, _ journal: any Journal
    ) throws(JournalError) {
        var input = EngineInput()
        input.inbound = work.ticket?.inbound ?? []
        for post in work.posts { input.inbound.append(post.inbound) }
        input.reports = work.reports
        input.deadLetterRequests = work.deadLetters.map(\.request)
        input.unpublished = work.unpublished
        input.outboxCursor = work.outboxCursor
        input.applications = outlets.outbox.room
        let time = Clocks.engineTime()
        guard !input.isEmpty || engine.hasWork || engine.nextTimeout().map({ $0 <= time.monotonic }) ?? false else {
            // A commit looks by itself.
            return try journal.confirmInPlace()
        }
        let began = Clocks.monotonicMicroseconds()
        let output = try engine.transact(input, at: time)
        engine.observeCommit(seconds: Double(Clocks.monotonicMicroseconds() - began) / 1_000_000)
        // Committed: from here on the world may know.
        outlets.outbox.append(output.outbound, committed: engine.lastPosition)
        let posted = output.outcomes.suffix(work.posts.count)
        work.ticket?.complete(
            .success(posted.isEmpty ? output.outcomes : Array(output.outcomes.dropLast(posted.count))))
        for (post, outcome) in zip(work.posts, posted) { post.answer(.success(outcome)) }
        for (ticket, answer) in zip(work.deadLetters, output.deadLetterAnswers) { ticket.answer(.success(answer)) }
        outlets.effects.carryOut(output.orders)
        outlets.live.committed(output.outbound)
        backPressure.update(queueDepth: engine.queueDepth, outboxLag: engine.outboxLag, openEffects: engine.openEffects)
        var metrics = engine.metrics
        metrics.gauges.journalBytes = journal.bytes
        metrics.gauges.partitions = engine.partitionDepths
        board.setMetrics(metrics)
        if engine.hasSetAside { board.setConversations(setAside: engine.takeSetAside()) }
    }

    /// After a failed transaction: forgets everything that was not committed and reads the journal again, exactly as a
    /// restart would, once it can be written.
    private func recover(
        from cause: JournalError, engine: Engine, journal: any Journal, outlets: Outlets
    ) throws(JournalError) -> Engine {
        guard cause.isRetriable else { throw cause }
        logger.log(
            level: cause.code == .displaced ? .critical : .error,
            "the journal cannot be written; ingress stops until it can", metadata: ["reason": "\(cause)"])
        board.setJournal(.failed(cause.message))
        backPressure.journalFailed()
        outlets.effects.cancelAll()
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
                board.setJournal(.open)
                backPressure.update(
                    queueDepth: recovered.queueDepth, outboxLag: recovered.outboxLag,
                    openEffects: recovered.openEffects)
                return recovered
            } catch {
                guard error.isRetriable else { throw error }
                metrics.counters.commitFailures += 1
                board.setMetrics(metrics)
                board.setJournal(.failed(error.message))
                delay = min(delay * 2, Self.lastRetryMicroseconds)
            }
        }
    }
}

extension Clocks {
    /// Now, for a transaction.
    static func engineTime() -> EngineTime {
        EngineTime(wall: wallMicroseconds(), monotonic: monotonicMicroseconds() / 1_000)
    }
}
