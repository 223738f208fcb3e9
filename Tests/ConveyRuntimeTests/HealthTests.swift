import JournalReading
import JournalSupport
import Logging
import Testing

import EffectPort
@testable import ConveyEngine
@testable import ConveyQueries
@testable import ConveyRuntime
@testable import JournalPort
@testable import Observability
@testable import Signals
@testable import Threads

private let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

@Suite struct BeatTests {
    @Test func `A heartbeat is overdue when it is older than its limit, and never after the thread's end`() {
        let heartbeats = Heartbeats()
        let beat = heartbeats.beat("engine", limit: .seconds(30))
        let now = Clocks.monotonicMicroseconds()
        #expect(beat.age(now: now + 29_000_000)?.isOverdue == false)
        #expect(beat.age(now: now + 31_000_000)?.isOverdue == true)
        beat.turn(allowing: .seconds(600))
        #expect(beat.age(now: now + 500_000_000)?.isOverdue == false)
        beat.turn()
        #expect(beat.age(now: Clocks.monotonicMicroseconds() + 31_000_000)?.isOverdue == true)
        #expect(heartbeats.ages.map(\.name) == ["engine"])
        beat.end()
        #expect(heartbeats.ages.isEmpty)
    }

    @Test func `Restarted threads do not accumulate`() {
        let heartbeats = Heartbeats()
        for _ in 0..<100 { heartbeats.beat("tools", limit: .seconds(30)).end() }
        let last = heartbeats.beat("tools", limit: .seconds(30))
        #expect(heartbeats.ages.count == 1)
        last.end()
    }

    @Test func `An engine that hangs in a commit is reported, and so is its recovery`() throws {
        let heartbeats = Heartbeats()
        let beat = heartbeats.beat("engine", limit: .milliseconds(100))
        let mailbox = EngineMailbox()
        let disk = Monitor(Disk())
        let thread = DedicatedThread(name: "engine") {
            try? runEngine(mailbox, beat: beat) { _ in
                disk.change { $0.isWaiting = true }
                _ = disk.wait(until: nil) { $0.isStuck ? nil : true }
            }
            beat.end()
        }
        let ingress = DedicatedThread(name: "ingress") {
            _ = mailbox.submit([
                .accepted(
                    Signal(id: "1", source: "/t", type: "conv.in.note.taken", subject: "c", data: Array("{}".utf8)))
            ])
        }
        let soon = Clocks.monotonicMicroseconds() + 30_000_000
        #expect(disk.wait(until: soon) { $0.isWaiting ? true : nil } == true)
        try within30Seconds { heartbeats.ages.first?.isOverdue == true }
        disk.change { $0.isStuck = false }
        try within30Seconds { heartbeats.ages.first?.isOverdue == false }
        ingress.join()
        mailbox.stop()
        thread.join()
        #expect(heartbeats.ages.isEmpty)
    }

    @Test func `Query threads send heartbeats while nobody asks`() throws {
        let heartbeats = Heartbeats()
        let readers = ShardReaders { () throws(JournalError) in throw JournalError(.cannotOpen, "nobody asks") }
        let service = QueryService(logger: logger, heartbeats: heartbeats, readers: readers)
        service.start()
        #expect(heartbeats.ages.map(\.name) == ["query-1", "query-2"])
        let began = Clocks.monotonicMicroseconds()
        try within30Seconds {
            Clocks.monotonicMicroseconds() - began > 3_000_000 && heartbeats.ages.allSatisfy { $0.seconds < 2 }
        }
        service.stop()
        #expect(heartbeats.ages.isEmpty)
    }

    private struct Disk {
        var isStuck = true
        var isWaiting = false
    }

    private func within30Seconds(_ condition: () -> Bool) throws {
        let deadline = ContinuousClock.now + .seconds(30)
        while !condition() {
            try #require(ContinuousClock.now < deadline)
            _ = Monitor(()).wait(until: Clocks.monotonicMicroseconds() + 5_000) { _ -> Bool? in nil }
        }
    }
}

@Suite struct ReadinessTests {
    private static let ready = RuntimeStatus(
        journal: .open, broker: .connected, recovery: .done, ingress: .running, outbox: .publishing,
        threads: [ThreadAge(name: "engine", seconds: 0.2, limit: 30)])

    @Test func `Ready: everything runs, answers and is acknowledged`() {
        #expect(Self.ready.isReady)
        #expect(Self.ready.isAlive)
    }

    @Test(arguments: [
        (RuntimeStatus.Broker.silent("nothing for 17 s"), "nothing for 17 s"), (.connecting("refused"), "refused"),
    ])
    func `A broker that is unreachable or silent is not ready`(broker: RuntimeStatus.Broker, words: String) {
        var status = Self.ready
        status.broker = broker
        expectMissing("broker", words, status)
    }

    @Test func `A stalled outbox, or one that has not started, is not ready`() {
        var status = Self.ready
        status.outboxStall = "5 events wait"
        expectMissing("outbox", "5 events wait", status)
        status.outboxStall = nil
        status.outbox = .starting
        expectMissing("outbox", "not started", status)
    }

    @Test(arguments: [RuntimeStatus.Outbox.connecting("refused"), .silent("refused")])
    func `If only the outbox cannot reach the broker, the broker is named, not the outbox`(
        outbox: RuntimeStatus.Outbox
    ) {
        var status = Self.ready
        status.outbox = outbox
        expectMissing("broker", "refused", status)
        // A pause does not hide this.
        status.broker = .pausing("outbox.limit")
        expectMissing("broker", "refused", status)
    }

    @Test(arguments: [(RuntimeStatus.Ingress.starting, "not started"), (.stopped, "Convey is stopping")])
    func `An ingress that does not read is not ready`(ingress: RuntimeStatus.Ingress, words: String) {
        var status = Self.ready
        status.ingress = ingress
        expectMissing("ingress", words, status)
    }

    @Test func `A paused ingress leaves the service ready, with or without a connection`() {
        var status = Self.ready
        status.ingress = .paused("outbox.limit")
        #expect(status.isReady)
        status.broker = .pausing("outbox.limit")
        #expect(status.isReady)
    }

    @Test func `An engine that has not responded for ten seconds is not ready, and beyond its limit not alive`() {
        var status = Self.ready
        status.threads[0].seconds = 12
        expectMissing("engine", "12 s", status)
        #expect(status.isAlive)
        status.threads[0].seconds = 41
        #expect(!status.isAlive)
        #expect(
            status.parts.contains { $0.name == "threads" && $0.words.contains("engine has not responded for 41 s") })
        // A long start is not a hang.
        status.recovery = .running
        status.threads[0].limit = 600
        #expect(status.isAlive)
        #expect(status.parts.filter { !$0.isReady }.map(\.name) == ["recovery"])
    }

    @Test func `Any other hanging thread is named`() {
        var status = Self.ready
        status.threads.append(ThreadAge(name: "query-2", seconds: 70, limit: 60))
        expectMissing("threads", "query-2 has not responded for 70 s", status)
        #expect(!status.isAlive)
    }

    private func expectMissing(
        _ part: String, _ words: String, _ status: RuntimeStatus, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let missing = status.parts.filter { !$0.isReady }
        #expect(missing.map(\.name) == [part], sourceLocation: sourceLocation)
        #expect(missing.first?.words.contains(words) == true, "\(missing)", sourceLocation: sourceLocation)
        #expect(!status.isReady, sourceLocation: sourceLocation)
    }
}

@Suite struct OutboxProgressTests {
    private let now = Clocks.monotonicMicroseconds() + 11_000_000

    @Test func `When nothing waits there is no stall, however long`() {
        let progress = OutboxProgress(committed: Position(7), cursor: Position(7))
        #expect(progress.stall(now: now) == nil)
    }

    @Test func `When something waits and nothing is acknowledged for ten seconds, that is a stall`() {
        let progress = OutboxProgress(committed: Position(7), cursor: Position(7))
        progress.recorded(Position(9))
        #expect(progress.stall() == nil)
        #expect(progress.stall(now: now)?.waiting == 2)
        // Further events do not restart the time.
        progress.recorded(Position(12))
        #expect(progress.stall(now: now)?.waiting == 5)
        progress.acknowledged(through: Position(9))
        #expect(progress.stall() == nil)
        #expect(progress.stall(now: now)?.waiting == 3)
        progress.acknowledged(through: Position(12))
        #expect(progress.stall(now: now) == nil)
    }

    @Test func `Events left by an earlier process count from the start`() {
        let progress = OutboxProgress(committed: Position(7), cursor: Position(3))
        #expect(progress.stall(now: now)?.waiting == 4)
        // The acknowledgement of an event other than the oldest is progress, too.
        progress.acknowledged(through: Position(3))
        #expect(progress.stall() == nil)
    }
}

/// An engine over a journal in memory, on the calling thread, until the mailbox is told to stop.
func runEngine(
    _ mailbox: EngineMailbox, beat: ThreadBeat,
    outbox: OutboxQueue = OutboxQueue(committed: .start, limit: 100, wake: {}),
    onCommit: @escaping (SimulatedJournal) -> Void = { _ in }
) throws {
    let status = StatusBoard()
    let board = status.host(shards: 1)[0]
    let journal = SimulatedJournal(SimulatedDisk(partitionCount: 2))
    let settings = EngineSettings()
    let engine = try Engine(journal: journal, settings: settings, time: Clocks.engineTime(), logger: logger)
    journal.onCommit = { [unowned journal] in onCommit(journal) }
    let thread = EngineThread(
        mailbox: mailbox, settings: settings,
        backPressure: BackPressure(limits: .init(), board: status, logger: logger, wake: {}), board: board,
        logger: logger, beat: beat)
    let outlets = EngineThread.Outlets(
        outbox: outbox, effects: EffectManager(handlers: [:], mailbox: mailbox, logger: logger), live: LiveFeed())
    _ = try thread.run(journal: journal, engine: engine, outlets: outlets) { nil }
}
