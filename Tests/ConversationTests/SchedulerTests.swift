import Conversation
import Signals
import Testing

/// What the reference vectors, which run in arrival order, do not cover.
@Suite struct SchedulerTests {
    private func entry(
        _ position: Int64, conversation: Int64 = 1, priority: Priority = .normal, cause: Cause = .none
    ) -> Scheduler.Entry {
        Scheduler.Entry(
            position: Position(position), conversation: ConversationID(conversation), id: "s\(position)",
            priority: priority, cause: cause)
    }

    private func drain(_ scheduler: inout Scheduler) -> [Int64] {
        var order: [Int64] = []
        while let next = scheduler.next() { order.append(next.position.rawValue) }
        return order
    }

    @Test func `Conversations alternate inside a priority, each in its own record order`() {
        var scheduler = Scheduler(order: .roundRobin)
        for position in Int64(1)...4 { scheduler.enqueue(entry(position, conversation: 1), cause: .applied) }
        scheduler.enqueue(entry(5, conversation: 2), cause: .applied)
        scheduler.enqueue(entry(6, conversation: 2), cause: .applied)
        scheduler.enqueue(entry(7, conversation: 3), cause: .applied)
        #expect(drain(&scheduler) == [1, 5, 7, 2, 6, 3, 4])
    }

    @Test func `In arrival order conversations do not matter`() {
        var scheduler = Scheduler(order: .arrival)
        for position: Int64 in [3, 1, 2] {
            scheduler.enqueue(entry(position, conversation: position), cause: .applied)
        }
        #expect(drain(&scheduler) == [1, 2, 3])
    }

    @Test(arguments: Scheduler.Order.allCases)
    func `An abort overtakes ten thousand waiting signals`(order: Scheduler.Order) {
        var scheduler = Scheduler(order: order)
        for position in Int64(1)...10_000 { scheduler.enqueue(entry(position), cause: .applied) }
        _ = scheduler.next()
        scheduler.enqueue(entry(10_001, priority: .control), cause: .applied)
        #expect(scheduler.next()?.position.rawValue == 10_001)
    }

    @Test func `After the threshold, a lower priority is served once`() {
        var scheduler = Scheduler(order: .arrival, fairnessThreshold: 2)
        for position in Int64(1)...4 { scheduler.enqueue(entry(position, priority: .message), cause: .applied) }
        scheduler.enqueue(entry(5, priority: .output), cause: .applied)
        #expect(drain(&scheduler) == [1, 2, 5, 3, 4])
    }

    @Test func `A signal becomes ready in its place when its cause is applied`() {
        var scheduler = Scheduler(order: .roundRobin)
        scheduler.enqueue(entry(1, cause: .signal("s9")), cause: .unknown)
        scheduler.enqueue(entry(2), cause: .applied)
        scheduler.enqueue(entry(3), cause: .applied)
        #expect(scheduler.next()?.position.rawValue == 2)
        scheduler.markApplied(id: "s9", conversation: ConversationID(2))
        #expect(scheduler.parkedCount == 1)
        scheduler.markApplied(id: "s9", conversation: ConversationID(1))
        #expect(scheduler.parkedCount == 0)
        #expect(drain(&scheduler) == [1, 3])
    }

    @Test func `Only waiting for an unknown cause can time out, not waiting behind a known one`() {
        var scheduler = Scheduler()
        scheduler.enqueue(entry(1, cause: .signal("x")), cause: .unknown, now: 10)
        scheduler.enqueue(entry(2, cause: .signal("y")), cause: .pending, now: 10)
        scheduler.enqueue(entry(3, cause: .unsatisfiable), cause: .unknown, now: 20)
        #expect(scheduler.oldestParkedAt() == 10)
        #expect(scheduler.expireParked(parkedUntil: 9).isEmpty)
        #expect(scheduler.expireParked(parkedUntil: 10).map(\.position.rawValue) == [1])
        #expect(scheduler.expireParked(parkedUntil: 1_000).map(\.position.rawValue) == [3])
        #expect(scheduler.oldestParkedAt() == nil)
        scheduler.markApplied(id: "y", conversation: ConversationID(1))
        #expect(drain(&scheduler) == [2])
    }

    @Test func `A signal whose cause will never be applied is handed out at once`() {
        var scheduler = Scheduler()
        scheduler.enqueue(entry(2, cause: .signal("s1")), cause: .pending)
        scheduler.enqueue(entry(3, cause: .signal("s1")), cause: .unknown)
        #expect(scheduler.abandon(cause: "s1", conversation: ConversationID(1)).map(\.position.rawValue) == [2, 3])
        #expect(!scheduler.isAnythingParked)
    }
}

@Suite struct PartitionMachineTests {
    private func recorded(_ id: String, type: String, offset: Int64) -> RecordedSignal {
        RecordedSignal(
            signal: Signal(id: id, source: "/test", type: type, subject: "c", data: Array("{}".utf8)),
            position: Position(offset + 6), conversation: ConversationID(1), offset: offset, hash: UInt64(offset))
    }

    private func machine() -> PartitionMachine {
        PartitionMachine(partition: 0, order: .roundRobin, fairnessThreshold: 5)
    }

    @Test func `A message recorded before an abort that overtook it starts canceled, one recorded after it does not`()
        throws
    {
        var machine = machine()
        var core = ConversationCore()
        let signals = [
            recorded("before", type: "conv.in.message.received", offset: 1),
            recorded("abort", type: "conv.in.control.abort_requested", offset: 2),
            recorded("after", type: "conv.in.message.received", offset: 3),
        ]
        for signal in signals { machine.enqueue(signal, cause: .applied, now: 0) }
        var startsCanceled: [String: Bool] = [:]
        var order: [String] = []
        while let next = machine.next() {
            let application = machine.apply(next, signal: next.signal, to: &core)
            order.append(next.signal.id)
            startsCanceled[next.signal.id] = application.startsCanceled
        }
        #expect(order == ["abort", "before", "after"])
        #expect(startsCanceled == ["abort": false, "before": true, "after": false])
        #expect(core.canceledThrough == 2)
        #expect(machine.applyOrder == 3)
    }

    @Test func `A signal is pending from its recording to its application, with or without its bytes`() throws {
        var machine = machine()
        machine.enqueue(recorded("s", type: "conv.in.note.taken", offset: 1), cause: .applied, now: 0)
        #expect(machine.isPending(Position(7)))
        machine.release(Position(7))
        #expect(machine.isPending(Position(7)))
        let next = try #require(machine.next())
        #expect(next.isReleased)
        #expect(next.signal.id == "s")
        #expect(next.signal.data.isEmpty)
        #expect(next.offset == 1)
        #expect(next.hash == 1)
        #expect(machine.next() == next)
        machine.discard(next)
        #expect(!machine.isPending(Position(7)))
        #expect(machine.queueDepth == 0)
    }
}
