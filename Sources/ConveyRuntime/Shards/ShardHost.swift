import Conversation
import ConveyEngine
import EffectPort
import ConveyQueries
import JournalPort
import Logging
import MQTTTransport
import Observability
import Signals
import Synchronization
import Threads

/// One shard of the journal in this process: its engine's thread, its outbox, and the tasks of its effects.
///
/// They start in the order engine, outbox and stop in the order effects, engine, outbox. A failure here ends the shard;
/// `Runtime` decides whether the process continues.
final class ShardHost: Sendable {
    /// The settings and services that the shards share.
    struct Shared: Sendable {
        var settings: RuntimeSettings
        var layout: JournalLayout
        var store: any JournalStore
        var handlers: [EffectClass: any EffectHandler]
        var places: EffectPlaces?
        var backPressure: BackPressure
        var live: LiveFeed
        var heartbeats: Heartbeats
        var logger: Logger
        /// The deadline of a stop (microseconds, monotonic); nil before one is requested.
        var stopBy: @Sendable () -> Int64?
        /// Called when a shard starts or stops serving.
        var changed: @Sendable () -> Void
    }

    let index: Int
    let mailbox: EngineMailbox
    private let shared: Shared
    private let effects: EffectManager
    private let board: ShardBoard
    private let logger: Logger
    private let outboxWake: WakeHandle
    private let phase = Monitor(ShardPhase.opening)
    private let progress = Mutex<OutboxProgress?>(nil)
    private let outboxFailure = Mutex<(any Error)?>(nil)
    private let hasRecorded = Atomic(false)
    /// A batch that the shard did not finish in time.
    private let overdue = Mutex<EngineMailbox.Ticket?>(nil)

    /// Maximum events in memory between all engines and their outboxes; beyond that an outbox reads the journal.
    private static let outboxMemoryLimit = 10_000

    init(_ index: Int, board: ShardBoard, shared: Shared) throws(MQTTError) {
        self.index = index
        self.board = board
        self.shared = shared
        var logger = shared.logger
        if shared.layout.shards > 1 { logger[metadataKey: "shard"] = "\(index)" }
        self.logger = logger
        mailbox = EngineMailbox(shards: shared.layout.shards)
        effects = EffectManager(handlers: shared.handlers, mailbox: mailbox, logger: logger)
        outboxWake = try WakeHandle()
    }

    /// Whether it accepts signals.
    var isServing: Bool { phase.change { $0.isServing } && overdue.withLock { $0?.isComplete ?? true } }

    /// The shard does not serve until a batch that took too long is complete.
    func giveUp(on ticket: EngineMailbox.Ticket) { overdue.withLock { $0 = ticket } }

    var hasEngineEnded: Bool { phase.change { $0.hasEngineEnded } }

    /// Why it does not serve; nil while it does.
    var failure: JournalError? {
        phase.change { phase in
            if phase.isServing { return nil }
            return phase.failure.map { $0 as? JournalError ?? JournalError(.inputOutput, "\($0)") }
                ?? EngineMailbox.closed
        }
    }

    /// Whether signals were recorded before this start.
    var hadRecords: Bool { hasRecorded.load(ordering: .acquiring) }

    /// Why waiting events make no progress; nil while they do.
    var stall: OutboxProgress.Stall? { progress.withLock { $0 }?.stall() }

    /// Waits until the shard reaches a phase.
    func wait(for condition: (ShardPhase) -> Bool) -> ShardPhase {
        // Without a deadline `wait` returns only when there is a result.
        phase.wait(until: nil) { condition($0) ? $0 : nil } ?? .opening
    }

    func start() {
        let beat = shared.heartbeats.beat(name("engine"), limit: BeatLimits.engine)
        // Ends after `stop`, or after a failure; others wait for it through the phase.
        _ = DedicatedThread(name: name("convey-engine")) { [self] in
            defer { beat.end() }
            do {
                try run(beat)
                mailbox.close()
                tell(.ended(nil))
            } catch {
                end(with: error)
            }
        }
    }

    /// Ends the attempts, and then the engine: recorded signals are finished, and committed events published.
    func stop() async {
        await effects.shutDown()
        mailbox.stop()
    }

    private func name(_ name: String) -> String { index == 0 ? name : "\(name)-\(index)" }

    private func tell(_ next: ShardPhase) {
        phase.change { phase in
            // An end is final.
            if !phase.hasEnded { phase = next }
        }
        shared.changed()
    }

    /// Ends the shard. It does not continue in this process: its files may be damaged, or the page cache may be wrong
    /// about them.
    private func end(with error: any Error) {
        let failure = error as? JournalError ?? JournalError(.inputOutput, "\(error)")
        // The end of the only shard is the end of the process, which reports the reason itself.
        if shared.layout.shards > 1 {
            logger.critical(
                "a shard has failed; the others continue. Repair its file, and restart Convey",
                metadata: ["reason": "\(failure.message)"])
        }
        if error is JournalError { board.setJournal(.failed(failure.message)) }
        if shared.layout.shards > 1 {
            board.settled()
            shared.backPressure.journalFailed(shard: index)
            effects.cancelAll()
            shared.places?.settle(index, PlaceUse())
        }
        mailbox.close(with: shared.layout.shards == 1 ? EngineMailbox.closed : failure)
        tell(.ended(error))
    }

    /// Serves, and stands by again whenever another node has taken the shard over, until a stop.
    private func run(_ beat: ThreadBeat) throws {
        while true {
            do {
                return try serve(beat)
            } catch let error as JournalError where error.code == .ownedElsewhere {
                lost(error)
                if shared.stopBy() != nil { return }
            }
        }
    }

    /// Handles the loss of the shard to another node. All state of the shard in this process is now invalid.
    private func lost(_ error: JournalError) {
        logger.warning("the shard was lost to another node; standing by", metadata: ["reason": "\(error.message)"])
        if index == 0 { shared.settings.session.gate.hold(nil) }
        board.setJournal(.standby(error.message))
        shared.backPressure.standsBy(shard: index, "this node stands by: \(error.message)")
        effects.cancelAll()
        shared.places?.settle(index, PlaceUse())
        progress.withLock { $0 = nil }
        outboxFailure.withLock { $0 = nil }
        mailbox.take(until: 0).fail(with: error)
    }

    /// Whether this process may own the shard: the owner of the first shard owns all others, too.
    private var mayOwn: @Sendable () -> Bool {
        { [index, gate = shared.settings.session.gate] in index == 0 || gate.isOpen }
    }

    private func openWriter() throws(JournalError) -> any Journal {
        guard mayOwn() else { throw JournalError(.ownedElsewhere, "another node owns the first shard") }
        return try shared.store.openWriter(shard: index)
    }

    private func serve(_ beat: ThreadBeat) throws {
        let settings = shared.settings.engine.divided(among: shared.layout.shards)
        let opening = JournalOpening(
            shard: index, open: { [self] () throws(JournalError) in try openWriter() },
            settings: settings, mailbox: mailbox, backPressure: shared.backPressure, board: board, logger: logger,
            beat: beat
        ) { [self] in
            // A shard that waits does not prevent the others from serving.
            if shared.layout.shards > 1 { board.settled() }
            // What the owner commits is in the journal; streams of this node read it there.
            if $0.code == .ownedElsewhere { shared.live.committedUnseen() }
            tell(.waiting($0))
        }
        guard let opened = try opening.run() else { return }
        let (journal, engine) = (opened.journal, opened.engine)
        defer { journal.release() }
        if index == 0 { shared.settings.session.gate.hold(journal.lease) }
        recovered(engine, journal, since: opened.began)
        let queue = OutboxQueue(
            committed: engine.lastPosition, cursor: engine.outboxCursor,
            limit: max(1, Self.outboxMemoryLimit / shared.layout.shards)
        ) { [outboxWake] in
            outboxWake.wake()
        }
        progress.withLock { $0 = queue.progress }
        let engineThread = EngineThread(
            shard: index, mailbox: mailbox, settings: settings, places: shared.places,
            backPressure: shared.backPressure, board: board, logger: logger, beat: beat, tell: { [self] in tell($0) },
            mayOwn: mayOwn)
        let (outbox, outboxThread) = try startOutbox(queue, cursor: engine.outboxCursor, journal: journal)
        tell(.serving)
        let outlets = EngineThread.Outlets(outbox: queue, effects: effects, live: shared.live)
        let last: Engine
        do {
            last = try engineThread.run(journal: journal, engine: engine, outlets: outlets) { [self] in
                // Without an outbox, signals that are ready may never be applied.
                outboxFailure.withLock { $0 } == nil ? shared.stopBy() : 0
            }
            if let failure = outboxFailure.withLock({ $0 }) { throw failure }
        } catch {
            let isLost = (error as? JournalError)?.code == .ownedElsewhere
            tell(isLost ? .waiting(error) : .failed(error))
            outbox.stop(by: 0, announcing: shared.layout.shards == 1)
            outboxThread.join(until: Clocks.monotonicMicroseconds() + Self.outboxGrace, logger: logger)
            throw error
        }
        tell(.stopping)
        let stopBy = shared.stopBy() ?? 0
        outbox.stop(by: stopBy)
        outboxThread.join(
            until: max(stopBy, Clocks.monotonicMicroseconds()).saturatingAdd(Self.outboxGrace), logger: logger)
        try engineThread.flushCursor(last)
    }

    /// Beyond its deadline the outbox takes up to one round, unless it is connecting: then the stop continues without
    /// it, and events that it has not reported are published again.
    private static let outboxGrace: Int64 = 3_000_000

    private func recovered(_ engine: Engine, _ journal: any Journal, since began: Int64) {
        hasRecorded.store(engine.lastPosition > .start, ordering: .releasing)
        // Another node may have worked meanwhile.
        shared.live.committedUnseen()
        board.setTag(journal.shard.tag)
        board.setConversations(setAside: engine.takeSetAside())
        shared.backPressure.update(
            shard: index, queueDepth: engine.queueDepth, outboxLag: engine.outboxLag, openEffects: engine.openEffects)
        var metrics = engine.metrics
        metrics.gauges.partitions = engine.partitionDepths
        board.setMetrics(metrics, lastPosition: engine.lastPosition.rawValue)
        board.settled()
        logger.info(
            "recovered",
            metadata: [
                "records": .stringConvertible(engine.lastPosition.rawValue),
                "pending": .stringConvertible(engine.queueDepth),
                "open_effects": .stringConvertible(engine.openEffects),
                "unpublished": .stringConvertible(engine.outboxLag),
                "milliseconds": .stringConvertible((Clocks.monotonicMicroseconds() - began) / 1_000),
            ])
    }

    private func startOutbox(
        _ queue: OutboxQueue, cursor: Position, journal: any Journal
    ) throws(JournalError) -> (OutboxLoop, DedicatedThread) {
        let beat = shared.heartbeats.beat(name("outbox"), limit: BeatLimits.connection)
        let loop = OutboxLoop(
            settings: OutboxLoop.Settings(
                shard: index, session: shared.settings.session, window: shared.settings.outboxWindow,
                version: shared.settings.version, lease: journal.lease),
            queue: queue, mailbox: mailbox, board: board, wake: outboxWake, logger: logger, beat: beat)
        let reader = try journal.makeReader()
        let thread = DedicatedThread(name: name("convey-outbox")) { [self] in
            defer { beat.end() }
            do {
                try loop.run(cursor: cursor, reader: reader)
            } catch {
                outboxFailure.withLock { $0 = error }
                // Ends the engine, and with it the shard.
                mailbox.stop()
            }
        }
        return (loop, thread)
    }
}
