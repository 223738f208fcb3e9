import Conversation
import ConveyEngine
import ConveyQueries
import JournalPort
import Logging
import MQTTTransport
import Observability
import Signals
import Synchronization
import Threads

/// Everything a runtime can be told.
public struct RuntimeSettings: Sendable {
    public var session: BrokerSession
    public var engine = EngineSettings()
    /// Messages read from the broker before they are committed.
    public var ingressBatchLimit = 500
    public var maximumPayloadBytes = 256 * 1_024
    /// Publishes on their way to the broker at once.
    public var outboxWindow = 200
    /// Ingress pauses when more than this many recorded signals are not applied,
    public var queueLimit = 100_000
    /// when more than this many events are not acknowledged by the broker,
    public var outboxLimit: Int64 = 100_000
    /// or when more than this many effects have not ended.
    public var openEffectLimit = 100_000
    /// Where receipts and answers to queries may go.
    public var responseTopics: ResponseTopicRule
    /// Shown in `{root}/status/{node}`.
    public var version: String

    public init(session: BrokerSession, version: String) {
        self.session = session
        self.version = version
        responseTopics = ResponseTopicRule(root: session.root, patterns: ResponseTopicRule.open)
    }
}

/// The running service: four threads (ingress, engine, outbox, replies) and the tasks of the effects.
///
/// They start in the order engine, outbox, ingress and stop in the order ingress, effects, engine, outbox: nothing comes
/// in that would not be finished, and everything committed gets its chance to be published.
public final class Runtime: Sendable {
    private let settings: RuntimeSettings
    private let openJournal: @Sendable () throws(JournalError) -> any Journal
    private let logger: Logger
    private let heartbeats: Heartbeats
    private let board = StatusBoard()
    private let mailbox = EngineMailbox()
    private let backPressure: BackPressure
    private let effects: EffectManager
    /// Tells who watches conversations.
    public let live = LiveFeed()
    /// Publishes receipts, and answers to queries.
    public let replies: Replies
    private let ingressWake: WakeHandle
    private let outboxWake: WakeHandle
    private let stopDeadline = Mutex<Int64?>(nil)
    private let verification = Mutex<(verifier: BackgroundVerifier, thread: DedicatedThread)?>(nil)
    private let openVerification: (@Sendable () throws(JournalError) -> any VerifiableJournal & Sendable)?
    private let outboxProgress = Mutex<OutboxProgress?>(nil)
    private let ingress = Mutex<(loop: IngressLoop, thread: DedicatedThread)?>(nil)
    private let end = EndOfRun()

    /// In memory between engine and outbox; beyond, the outbox reads the journal.
    private static let outboxMemoryLimit = 10_000

    /// - Parameters:
    ///   - openJournal: called on the engine's thread, which owns the journal from then on.
    ///   - heartbeats: where its threads show that they turn.
    ///   - openVerification: gives the background verification its reader; nil for none.
    public init(
        settings: RuntimeSettings, handlers: [EffectClass: any EffectHandler], logger: Logger,
        heartbeats: Heartbeats = Heartbeats(),
        openVerification: (@Sendable () throws(JournalError) -> any VerifiableJournal & Sendable)? = nil,
        openJournal: @escaping @Sendable () throws(JournalError) -> any Journal
    ) throws(MQTTError) {
        self.settings = settings
        self.openJournal = openJournal
        self.logger = logger
        self.heartbeats = heartbeats
        self.openVerification = openVerification
        ingressWake = try WakeHandle()
        outboxWake = try WakeHandle()
        replies = try Replies(
            session: settings.session, rule: settings.responseTopics, logger: logger, heartbeats: heartbeats)
        backPressure = BackPressure(
            limits: BackPressure.Limits(
                queue: settings.queueLimit, outbox: settings.outboxLimit, effects: settings.openEffectLimit),
            board: board, logger: logger, wake: { [ingressWake] in ingressWake.wake() })
        effects = EffectManager(handlers: handlers, mailbox: mailbox, logger: logger)
    }

    public var status: RuntimeStatus {
        var status = board.status
        status.threads = heartbeats.ages
        if let stall = outboxProgress.withLock({ $0 })?.stall() {
            status.outboxStall =
                "events wait (\(stall.waiting) positions) and the broker has acknowledged none for "
                + "\(Int(stall.seconds)) s"
        }
        return status
    }

    public var metrics: MetricsSnapshot {
        var metrics = board.metrics
        metrics.gauges.liveStreams = live.watching
        metrics.counters.add(replies.counters)
        return metrics
    }

    /// Has the engine look at dead letters, or move some.
    public func answer(_ request: DeadLetterRequest) async -> Result<DeadLetterAnswer, JournalError> {
        await mailbox.submit(request)
    }

    /// Records a signal that does not come from the broker; returns after the commit. While ingress pauses this is refused as
    /// `busy`: what limits the one limits the other.
    func record(_ signal: Signal) async -> Result<RecordOutcome, JournalError> {
        if let reason = backPressure.pause { return .failure(JournalError(.busy, "no signals are taken: \(reason)")) }
        return await mailbox.submit(.accepted(signal))
    }

    /// Starts the engine's thread, which opens the journal, recovers, and then starts the others. A failure comes out of
    /// `waitForEnd`.
    public func start() {
        // Ends by itself after `stop`, or after a failure; `end` is how others wait for it.
        let beat = heartbeats.beat("engine", limit: BeatLimits.engine)
        _ = DedicatedThread(name: "convey-engine") { [self] in
            defer { beat.end() }
            do {
                try runEngine(beat)
                end.reach(.success(()))
            } catch {
                logger.critical("the runtime cannot go on", metadata: ["reason": "\(error)"])
                if let journalError = error as? JournalError { board.setJournal(.failed(journalError.message)) }
                mailbox.close()
                end.reach(.failure(error))
            }
        }
    }

    /// Returns after `stop`; throws when the runtime cannot go on.
    public func waitForEnd() async throws {
        try await end.wait()
    }

    /// Takes in no more, finishes what is recorded and publishes what is committed, all within the deadline; what is left
    /// is taken up by the next start. It takes longer only where the engine's thread hangs, or an effect does not end when
    /// it is cancelled: then this does not return, and the caller has to end the process.
    public func stop(deadline: Duration) async {
        let now = Clocks.monotonicMicroseconds()
        let limit = deadline.microseconds
        stopDeadline.withLock { $0 = now.saturatingAdd(limit) }
        board.setIngress(.stopped)
        await withCheckedContinuation { continuation in
            // Joining blocks, so not on a thread of the pool.
            _ = DedicatedThread(name: "convey-stop") { [self] in
                // Half of the time is for those who come after them.
                stopReaders(until: now.saturatingAdd(limit / 2))
                continuation.resume()
            }
        }
        await effects.shutDown()
        mailbox.stop()
        // The failure, if it ended with one, has been reported by `waitForEnd`.
        try? await end.wait()
    }

    /// Ingress may be in an attempt to connect, which takes as long as the kernel tries; nothing is lost by leaving it there.
    private func stopReaders(until deadline: Int64) {
        let reading = ingress.withLock { $0.take() }
        let verifying = verification.withLock { $0.take() }
        reading?.loop.stop()
        verifying?.verifier.stop()
        reading?.thread.join(until: deadline, logger: logger)
        verifying?.thread.join(until: deadline, logger: logger)
    }

    private func runEngine(_ beat: ThreadBeat) throws {
        let began = Clocks.monotonicMicroseconds()
        let opening = JournalOpening(
            open: openJournal, settings: settings.engine, mailbox: mailbox, backPressure: backPressure, board: board,
            logger: logger, beat: beat)
        guard let (journal, engine) = try opening.run() else { return mailbox.close() }
        board.setConversations(setAside: engine.takeSetAside())
        board.setRecovery(.done)
        backPressure.update(
            queueDepth: engine.queueDepth, outboxLag: engine.outboxLag, openEffects: engine.openEffects)
        var metrics = engine.metrics
        metrics.gauges.partitions = engine.partitionDepths
        board.setMetrics(metrics)
        logger.info(
            "recovered",
            metadata: [
                "records": "\(engine.lastPosition)", "pending": "\(engine.queueDepth)",
                "open_effects": "\(engine.openEffects)", "unpublished": "\(engine.outboxLag)",
                "milliseconds": "\((Clocks.monotonicMicroseconds() - began) / 1_000)",
            ])
        let queue = OutboxQueue(
            committed: engine.lastPosition, cursor: engine.outboxCursor, limit: Self.outboxMemoryLimit
        ) { [outboxWake] in
            outboxWake.wake()
        }
        outboxProgress.withLock { $0 = queue.progress }
        let engineThread = EngineThread(
            mailbox: mailbox, settings: settings.engine, backPressure: backPressure, board: board, logger: logger,
            beat: beat)
        let outboxBeat = heartbeats.beat("outbox", limit: BeatLimits.connection)
        let outbox = OutboxLoop(
            settings: OutboxLoop.Settings(
                session: settings.session, window: settings.outboxWindow, version: settings.version),
            queue: queue, mailbox: mailbox, board: board, wake: outboxWake, logger: logger, beat: outboxBeat)
        let outboxThread = try startOutbox(outbox, cursor: engine.outboxCursor, journal: journal, outboxBeat)
        replies.start()
        if stopDeadline.withLock({ $0 }) == nil {
            startIngress(expectsSession: engine.lastPosition > .start)
            startVerification()
        }

        let outlets = EngineThread.Outlets(outbox: queue, effects: effects, live: live)
        var last: Engine?
        do {
            last = try engineThread.run(journal: journal, engine: engine, outlets: outlets) { [self] in
                stopDeadline.withLock { $0 }
            }
        } catch {
            outbox.stop(by: 0)
            replies.stop(by: 0)
            outboxThread.join(until: Clocks.monotonicMicroseconds() + Self.outboxGrace, logger: logger)
            throw error
        }
        let stopBy = stopDeadline.withLock { $0 } ?? 0
        outbox.stop(by: stopBy)
        replies.stop(by: stopBy)
        outboxThread.join(
            until: max(stopBy, Clocks.monotonicMicroseconds()).saturatingAdd(Self.outboxGrace), logger: logger)
        if let last { try engineThread.flushCursor(last) }
        mailbox.close()
    }

    /// Beyond its deadline the outbox takes as long as a round, unless it is in an attempt to connect: then the stop goes on
    /// without it, and what it has not told of is published again.
    private static let outboxGrace: Int64 = 3_000_000

    private func startOutbox(
        _ outbox: OutboxLoop, cursor: Position, journal: any Journal, _ beat: ThreadBeat
    ) throws(JournalError) -> DedicatedThread {
        let reader = try journal.makeReader()
        return DedicatedThread(name: "convey-outbox") { [self] in
            defer { beat.end() }
            do {
                try outbox.run(cursor: cursor, reader: reader)
            } catch {
                logger.critical("the outbox cannot go on", metadata: ["reason": "\(error)"])
                end.reach(.failure(error))
            }
        }
    }

    private func startVerification() {
        guard let openVerification else { return }
        let beat = heartbeats.beat("verify", limit: BeatLimits.verification)
        let verifier = BackgroundVerifier(shards: 1, board: board, logger: logger, beat: beat) {
            _ throws(JournalError) in try openVerification()
        }
        let thread = DedicatedThread(name: "convey-verify") {
            verifier.run()
            beat.end()
        }
        verification.withLock { $0 = (verifier, thread) }
    }

    private func startIngress(expectsSession: Bool) {
        let beat = heartbeats.beat("ingress", limit: BeatLimits.connection)
        let loop = IngressLoop(
            settings: IngressLoop.Settings(
                session: settings.session, batchLimit: settings.ingressBatchLimit,
                maximumPayloadBytes: settings.maximumPayloadBytes, expectsSession: expectsSession),
            mailbox: mailbox, replies: replies, backPressure: backPressure, board: board, wake: ingressWake,
            logger: logger, beat: beat)
        board.setIngress(.running)
        let thread = DedicatedThread(name: "convey-ingress") { [self] in
            defer { beat.end() }
            do {
                try loop.run()
            } catch {
                logger.critical("ingress cannot go on", metadata: ["reason": "\(error)"])
                end.reach(.failure(error))
            }
        }
        ingress.withLock { $0 = (loop, thread) }
    }
}

/// That a run has ended, and how; tasks wait for it. The first end counts.
private final class EndOfRun: Sendable {
    private struct State {
        var result: Result<Void, any Error>?
        var waiting: [CheckedContinuation<Void, any Error>] = []
    }

    private let state = Mutex(State())

    func reach(_ result: Result<Void, any Error>) {
        let waiting = state.withLock { state in
            if state.result == nil { state.result = result }
            defer { state.waiting.removeAll() }
            return state.waiting
        }
        for continuation in waiting { continuation.resume(with: result) }
    }

    func wait() async throws {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            let result = state.withLock { state -> Result<Void, any Error>? in
                if state.result == nil { state.waiting.append(continuation) }
                return state.result
            }
            if let result { continuation.resume(with: result) }
        }
    }
}
