import JournalSupport
import Observability
import Testing
import Threads

@testable import ConveyRuntime
@testable import JournalPort
@testable import Signals

@Suite struct OutboxQueueTests {
    private func event(_ position: Int64) -> OutboundEvent {
        let signal = Signal(id: "s", source: "/s", type: "conv.out.x", subject: "c", data: Array("{}".utf8))
        return OutboundEvent(
            record: JournalRecord(
                position: Position(position), conversation: ConversationID(1), previous: .start, offset: 1, sequence: 1,
                recordedAt: 0, content: .signal(signal)),
            subject: "c", partition: 0, applied: nil)
    }

    private func positions(_ next: OutboxQueue.Next) -> [Int64]? {
        if case .events(let events) = next { events.map(\.record.position.rawValue) } else { nil }
    }

    private func journalEnd(_ next: OutboxQueue.Next) -> Int64? {
        if case .journal(let through) = next { through.rawValue } else { nil }
    }

    @Test func `It starts from the journal, and uses memory once it has caught up`() {
        let queue = OutboxQueue(committed: Position(5), limit: 10) {}
        #expect(journalEnd(queue.next(after: Position(2))) == 5)
        queue.append([event(6)], committed: Position(6))
        #expect(journalEnd(queue.next(after: Position(5))) == 6)
        guard case .nothing(let through) = queue.next(after: Position(6)) else {
            Issue.record("not caught up")
            return
        }
        #expect(through == Position(6))
        queue.append([event(7)], committed: Position(7))
        #expect(positions(queue.next(after: Position(6))) == [7])
    }

    @Test
    func `Its room shrinks with unacknowledged events, and is no limit while it reads the journal`() {
        let queue = OutboxQueue(committed: .start, limit: 10_000) {}
        #expect(queue.room == nil)
        _ = queue.next(after: .start)
        #expect(queue.room == OutboxQueue.aheadLimit)
        let half = OutboxQueue.aheadLimit / 2
        queue.append((1...Int64(half + 1)).map(event), committed: Position(Int64(half + 1)))
        #expect(queue.room == 0)
        queue.acknowledged(1)
        #expect(queue.room == half)
        queue.restart()
        #expect(queue.room == nil)
    }

    @Test func `Beyond its limit it leaves events in the journal and loses none`() {
        let queue = OutboxQueue(committed: .start, limit: 2) {}
        _ = queue.next(after: .start)
        queue.append([event(1), event(2)], committed: Position(2))
        queue.append([event(3)], committed: Position(3))
        queue.append([event(4)], committed: Position(4))
        #expect(positions(queue.next(after: .start)) == [1, 2])
        #expect(journalEnd(queue.next(after: Position(2))) == 4)
        _ = queue.next(after: Position(4))
        queue.append([event(5)], committed: Position(5))
        #expect(positions(queue.next(after: Position(4))) == [5])
    }

    @Test func `After a lost connection everything comes from the journal again`() {
        let queue = OutboxQueue(committed: .start, limit: 10) {}
        _ = queue.next(after: .start)
        queue.append([event(1)], committed: Position(1))
        queue.restart()
        #expect(journalEnd(queue.next(after: .start)) == 1)
    }

    @Test func `What was committed unknown to it is read from the journal, behind what it has in memory`() {
        let queue = OutboxQueue(committed: .start, limit: 10) {}
        _ = queue.next(after: .start)
        queue.append([event(1)], committed: Position(1))
        queue.recovered(through: Position(3))
        queue.append([event(4)], committed: Position(4))
        #expect(positions(queue.next(after: .start)) == [1])
        #expect(journalEnd(queue.next(after: Position(1))) == 4)
        // Nothing was committed unknown: it goes on as it was.
        _ = queue.next(after: Position(4))
        queue.recovered(through: Position(4))
        queue.append([event(5)], committed: Position(5))
        #expect(positions(queue.next(after: Position(4))) == [5])
    }

    @Test func `The events of a commit whose answer was lost are published`() throws {
        let mailbox = EngineMailbox()
        let queue = OutboxQueue(committed: .start, limit: 100) {}
        _ = queue.next(after: .start)
        let wrote = Monitor(0)
        let thread = DedicatedThread(name: "engine") {
            try? runEngine(mailbox, beat: Heartbeats().beat("engine", limit: .seconds(60)), outbox: queue) { journal in
                journal.fault = wrote.change { count in
                    count += 1
                    return count == 1 ? .torn : .none
                }
            }
        }
        let signals = ["1", "2"].map {
            Signal(id: $0, source: "/t", type: "conv.in.note.taken", subject: "c", data: Array("{}".utf8))
        }
        guard case .failure = mailbox.submit([.accepted(signals[0])]) else {
            Issue.record("the first commit's answer was not lost")
            return
        }
        // Refused until the journal has been read anew.
        let deadline = ContinuousClock.now + .seconds(30)
        var outcome = mailbox.submit([.accepted(signals[1])])
        while case .failure = outcome, ContinuousClock.now < deadline {
            outcome = mailbox.submit([.accepted(signals[1])])
        }
        mailbox.stop()
        thread.join()
        #expect(journalEnd(queue.next(after: .start)) == 4)
    }

    @Test(arguments: [
        (Int64(0), "1970-01-01T00:00:00.000000Z"), (951_782_400_000_001, "2000-02-29T00:00:00.000001Z"),
        (1_767_323_045_000_006, "2026-01-02T03:04:05.000006Z"), (4_102_444_799_999_999, "2099-12-31T23:59:59.999999Z"),
    ])
    func `Times are RFC 3339 in UTC with microseconds`(microseconds: Int64, text: String) {
        var writer = TimestampWriter()
        #expect(writer.text(microseconds) == text)
        #expect(writer.text(microseconds) == text)
    }

    @Test func `Identifiers are UUIDs of version 7 and do not repeat`() throws {
        let made = (0..<1_000).map { _ in IdentifierSource().next() }
        #expect(Set(made).count == 1_000)
        let pattern = try Regex("[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
        for identifier in made { #expect(identifier.wholeMatch(of: pattern) != nil, "\(identifier)") }
    }
}
