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

/// The running service: ingress, the shards with their engines, outboxes and tasks of effects, and replies.
///
/// They start in the order shards, ingress and stop in the order ingress, effects, engines, outboxes: nothing is
/// accepted that would not be finished, and everything committed can be published. A failed shard ends the service if
/// it is the only one (ADR 36).
public final class Runtime: Sendable {
    private let settings: RuntimeSettings
    private let store: any JournalStore
    private let handlers: [EffectClass: any EffectHandler]
    private let verifiesInBackground: Bool
    private let logger: Logger
    private let heartbeats: Heartbeats
    private let board = StatusBoard()
    private let shards: ShardSet
    private let backPressure: BackPressure
    /// Notifies the watchers of conversations.
    public let live = LiveFeed()
    /// Publishes receipts, and answers to queries.
    public let replies: Replies
    private let ingressWake: WakeHandle
    private let stopDeadline = Mutex<Int64?>(nil)
    private let verification = Mutex<(verifier: BackgroundVerifier, thread: DedicatedThread)?>(nil)
    private let ingress = Mutex<(loop: IngressLoop, thread: DedicatedThread)?>(nil)
    /// Tools whose workers were there, for shards that were not open yet.
    private let availableTools = Mutex<Set<String>>([])
    private let end = EndOfRun()

    /// - Parameters:
    ///   - store: opens the journals; each shard's is opened on its engine's thread, which then owns it.
    ///   - heartbeats: where its threads report their beats.
    ///   - verifiesInBackground: whether the journals are verified in the background.
    ///   - batchDeadline: how long a batch handed over now waits for a shard that hangs (microseconds, monotonic); the
    ///     usual time if nil.
    package init(
        settings: RuntimeSettings, store: any JournalStore, handlers: [EffectClass: any EffectHandler], logger: Logger,
        heartbeats: Heartbeats = Heartbeats(), verifiesInBackground: Bool = false,
        batchDeadline: (@Sendable () -> Int64)? = nil
    ) throws(MQTTError) {
        self.settings = settings
        self.store = store
        self.handlers = handlers
        self.logger = logger
        self.heartbeats = heartbeats
        self.verifiesInBackground = verifiesInBackground
        shards = batchDeadline.map { ShardSet(batchDeadline: $0) } ?? ShardSet()
        ingressWake = try WakeHandle()
        replies = try Replies(
            session: settings.session, rule: settings.responseTopics, logger: logger, heartbeats: heartbeats)
        backPressure = BackPressure(
            limits: BackPressure.Limits(
                queue: settings.queueLimit, outbox: settings.outboxLimit, effects: settings.openEffectLimit),
            board: board, logger: logger, wake: { [ingressWake] in ingressWake.wake() })
    }

    /// The number of shards; 1 until the journals are open.
    public var shardCount: Int { shards.count }

    public var status: RuntimeStatus {
        var status = board.status
        status.threads = heartbeats.ages
        let hosts = shards.hosts
        for host in hosts {
            guard let stall = host.stall else { continue }
            status.outboxStall =
                (hosts.count == 1 ? "" : "shard \(host.index): ")
                + "events wait (\(stall.waiting) positions) and the broker has acknowledged none for "
                + "\(Int(stall.seconds)) s"
            break
        }
        return status
    }

    public var metrics: MetricsSnapshot {
        var metrics = board.metrics
        metrics.gauges.liveStreams = live.watching
        metrics.counters.add(replies.counters)
        return metrics
    }

    /// Moves dead letters in a shard's engine.
    public func move(_ move: DeadLetterMove, shard: Int) async -> Result<[DeadLetterOutcome], JournalError> {
        guard let host = shards.host(shard) else { return .failure(ShardSet.notOpen) }
        return await host.mailbox.submit(move)
    }

    /// Retries calls at once that wait for a worker of the tool.
    public func toolIsAvailable(_ tool: String) {
        availableTools.withLock { _ = $0.insert(tool) }
        for host in shards.hosts { host.mailbox.toolIsAvailable(tool) }
    }

    /// Records a signal that does not come from the broker; returns after the commit. While ingress pauses this is
    /// refused as `busy`, because the same limits apply.
    func record(_ signal: Signal) async -> Result<RecordOutcome, JournalError> {
        if let reason = backPressure.pause { return .failure(JournalError(.busy, "signals are refused: \(reason)")) }
        guard let host = shards.host(of: signal.subject) else { return .failure(ShardSet.notOpen) }
        return await host.mailbox.submit(.accepted(signal))
    }

    /// Starts the shards, which open their journals and recover, and then the other threads. `waitForEnd` throws a
    /// failure.
    public func start() {
        let beat = heartbeats.beat("start", limit: BeatLimits.engine)
        // Ends after `stop`, or after a failure; others wait for it through `end`.
        _ = DedicatedThread(name: "convey-runtime") { [self] in
            defer { beat.end() }
            do {
                try run(beat)
                end.reach(.success(()))
            } catch {
                if let error = error as? JournalError, shards.hosts.isEmpty {
                    board.setJournal(.failed(error.message))
                }
                end.reach(.failure(error))
            }
        }
    }

    /// Returns after `stop`; throws if the runtime cannot continue.
    public func waitForEnd() async throws {
        try await end.wait()
    }

    /// Accepts no more signals, finishes the recorded ones and publishes what is committed, all within the deadline;
    /// the next start continues with the rest. If an engine's thread hangs, or an effect does not end when it is
    /// cancelled, this does not return, and the caller must end the process.
    public func stop(deadline: Duration) async {
        let now = Clocks.monotonicMicroseconds()
        let limit = deadline.microseconds
        stopDeadline.withLock { $0 = now.saturatingAdd(limit) }
        board.setIngress(.stopped)
        await withCheckedContinuation { continuation in
            // Joining blocks, so it must not run on a thread of the pool.
            _ = DedicatedThread(name: "convey-stop") { [self] in
                // Half of the time is for the threads that stop after them.
                stopReaders(until: now.saturatingAdd(limit / 2))
                continuation.resume()
            }
        }
        await shards.stop()
        // `waitForEnd` has reported the failure, if there was one.
        try? await end.wait()
    }

    /// Ingress may be connecting, which takes as long as the kernel tries; nothing is lost by leaving it there.
    private func stopReaders(until deadline: Int64) {
        let reading = ingress.withLock { $0.take() }
        let verifying = verification.withLock { $0.take() }
        reading?.loop.stop()
        verifying?.verifier.stop()
        reading?.thread.join(until: deadline, logger: logger)
        verifying?.thread.join(until: deadline, logger: logger)
    }

    /// Lives as long as the shards do.
    private func run(_ beat: ThreadBeat) throws {
        guard let layout = try prepare(beat) else { return }
        let hosts = try makeHosts(layout)
        guard shards.open(layout, hosts) else { return }
        beat.end()
        for host in hosts { host.start() }
        // A failed shard does not prevent the others from serving.
        for host in hosts {
            _ = host.wait { hosts.count > 1 ? $0.isSettled : $0.isServing || $0.hasEngineEnded }
        }
        for tool in availableTools.withLock({ $0 }) { toolIsAvailable(tool) }
        if stopDeadline.withLock({ $0 }) == nil, hosts.contains(where: { !$0.hasEngineEnded }) {
            replies.start()
            startIngress(expectsSession: hosts.contains(where: \.hadRecords))
            if verifiesInBackground { startVerification() }
        }
        for host in hosts { _ = host.wait { $0.hasEngineEnded } }
        replies.stop(by: stopDeadline.withLock { $0 } ?? 0)
        let failures = hosts.compactMap { $0.wait { $0.hasEnded }.failure }
        // If other shards served until the end, readiness and the log report the failed shard.
        if failures.count == hosts.count, let first = failures.first { throw first }
    }

    /// - Returns: nil if a stop was requested before it succeeded.
    private func prepare(_ beat: ThreadBeat) throws(JournalError) -> JournalLayout? {
        try PatientStart<JournalLayout>(
            beat: beat, logger: logger,
            attempt: { [store] () throws(JournalError) in try store.prepare() },
            failed: { [self] error in
                board.countOpening { $0.counters.commitFailures += 1 }
                board.setJournal(.failed(error.message))
                backPressure.journalFailed()
            },
            wait: { [shards] delay, _ in shards.waitForStop(until: Clocks.monotonicMicroseconds().saturatingAdd(delay))
            }
        ).run()
    }

    private func makeHosts(_ layout: JournalLayout) throws(MQTTError) -> [ShardHost] {
        backPressure.host(shards: layout.shards)
        let boards = board.host(shards: layout.shards)
        var shared = ShardHost.Shared(
            settings: settings, layout: layout, store: store, handlers: handlers, places: nil,
            backPressure: backPressure, live: live, heartbeats: heartbeats, logger: logger,
            stopBy: { [weak self] in self?.stopDeadline.withLock { $0 } },
            changed: { [ingressWake] in ingressWake.wake() })
        if layout.shards > 1 {
            shared.places = EffectPlaces(settings: settings.engine.effects, shards: layout.shards) { [shards] shard in
                shards.host(shard)?.mailbox.placesAreFree()
            }
        }
        var hosts: [ShardHost] = []
        for (index, board) in boards.enumerated() {
            hosts.append(try ShardHost(index, board: board, shared: shared))
        }
        return hosts
    }

    private func startVerification() {
        let beat = heartbeats.beat("verify", limit: BeatLimits.verification)
        let verifier = BackgroundVerifier(shards: shards.count, board: board, logger: logger, beat: beat) {
            [store] shard throws(JournalError) in try store.openVerifier(shard: shard)
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
                readsAhead: settings.ingressReadsAhead,
                maximumPayloadBytes: settings.maximumPayloadBytes, expectsSession: expectsSession),
            shards: shards, replies: replies, backPressure: backPressure, board: board, wake: ingressWake,
            logger: logger, beat: beat)
        board.setIngress(.running)
        let thread = DedicatedThread(name: "convey-ingress") { [self] in
            defer { beat.end() }
            do {
                try loop.run()
            } catch {
                end.reach(.failure(error))
            }
        }
        ingress.withLock { $0 = (loop, thread) }
    }
}
