import Conversation
import Signals
import Testing

/// What the reference vectors, which run in arrival order, do not show.
@Suite struct SchedulerTests {
    private func entry(
        _ sequence: UInt64, conversation: Int64 = 1, priority: Priority = .normal, cause: Cause = .none
    ) -> Scheduler.Entry {
        Scheduler.Entry(
            sequence: sequence, conversation: conversation, id: "s\(sequence)", priority: priority, cause: cause)
    }

    private func drain(_ scheduler: inout Scheduler) -> [UInt64] {
        var order: [UInt64] = []
        while let next = scheduler.next() { order.append(next.sequence) }
        return order
    }

    @Test func `Conversations take turns inside a priority, each in its own record order`() {
        var scheduler = Scheduler(order: .roundRobin)
        for sequence in UInt64(1)...4 { scheduler.enqueue(entry(sequence, conversation: 1), cause: .applied) }
        scheduler.enqueue(entry(5, conversation: 2), cause: .applied)
        scheduler.enqueue(entry(6, conversation: 2), cause: .applied)
        scheduler.enqueue(entry(7, conversation: 3), cause: .applied)
        #expect(drain(&scheduler) == [1, 5, 7, 2, 6, 3, 4])
    }

    @Test func `In arrival order conversations do not matter`() {
        var scheduler = Scheduler(order: .arrival)
        for sequence: UInt64 in [3, 1, 2] {
            scheduler.enqueue(entry(sequence, conversation: Int64(sequence)), cause: .applied)
        }
        #expect(drain(&scheduler) == [1, 2, 3])
    }

    @Test(arguments: Scheduler.Order.allCases)
    func `An abort overtakes ten thousand waiting signals`(order: Scheduler.Order) {
        var scheduler = Scheduler(order: order)
        for sequence in UInt64(1)...10_000 { scheduler.enqueue(entry(sequence), cause: .applied) }
        _ = scheduler.next()
        scheduler.enqueue(entry(10_001, priority: .control), cause: .applied)
        #expect(scheduler.hasReadyControl)
        #expect(scheduler.next()?.sequence == 10_001)
    }

    @Test func `After the threshold a lower priority has one turn`() {
        var scheduler = Scheduler(order: .arrival, fairnessThreshold: 2)
        for sequence in UInt64(1)...4 { scheduler.enqueue(entry(sequence, priority: .message), cause: .applied) }
        scheduler.enqueue(entry(5, priority: .output), cause: .applied)
        #expect(drain(&scheduler) == [1, 2, 5, 3, 4])
    }

    @Test func `What waited for a signal becomes ready in its place when that is applied`() {
        var scheduler = Scheduler(order: .roundRobin)
        scheduler.enqueue(entry(1, cause: .signal("s9")), cause: .unknown)
        scheduler.enqueue(entry(2), cause: .applied)
        scheduler.enqueue(entry(3), cause: .applied)
        #expect(scheduler.next()?.sequence == 2)
        scheduler.markApplied(id: "s9", conversation: 2)
        #expect(scheduler.parkedCount == 1)
        scheduler.markApplied(id: "s9", conversation: 1)
        #expect(scheduler.parkedCount == 0)
        #expect(drain(&scheduler) == [1, 3])
    }

    @Test func `Time runs for what waits for something unknown, not for what waits its turn behind its cause`() {
        var scheduler = Scheduler()
        scheduler.enqueue(entry(1, cause: .signal("x")), cause: .unknown, now: 10)
        scheduler.enqueue(entry(2, cause: .signal("y")), cause: .pending, now: 10)
        scheduler.enqueue(entry(3, cause: .unsatisfiable), cause: .unknown, now: 20)
        #expect(scheduler.oldestParkedAt() == 10)
        #expect(scheduler.expireParked(parkedUntil: 9).isEmpty)
        #expect(scheduler.expireParked(parkedUntil: 10).map(\.sequence) == [1])
        #expect(scheduler.expireParked(parkedUntil: 1_000).map(\.sequence) == [3])
        #expect(scheduler.oldestParkedAt() == nil)
        scheduler.markApplied(id: "y", conversation: 1)
        #expect(drain(&scheduler) == [2])
    }

    @Test func `What waits for a signal that will never be applied is handed out at once`() {
        var scheduler = Scheduler()
        scheduler.enqueue(entry(2, cause: .signal("s1")), cause: .pending)
        scheduler.enqueue(entry(3, cause: .signal("s1")), cause: .unknown)
        #expect(scheduler.abandon(cause: "s1", conversation: 1).map(\.sequence) == [2, 3])
        #expect(!scheduler.isAnythingParked)
    }
}

@Suite struct PartitionMachineTests {
    private func signal(_ id: String, type: String, data: String = "{}") -> Signal {
        Signal(id: id, source: "/test", type: type, subject: "c", data: Array(data.utf8))
    }

    private func machine() -> PartitionMachine {
        PartitionMachine(partition: 0, order: .roundRobin, fairnessThreshold: 5)
    }

    @Test func `A message recorded before an abort that overtook it starts canceled, one recorded after it does not`()
        throws
    {
        var machine = machine()
        var state = ConversationState()
        var canceledThrough: Int64 = 0
        let signals = [
            signal("before", type: "conv.in.message.received"),
            signal("abort", type: "conv.in.control.abort_requested"),
            signal("after", type: "conv.in.message.received"),
        ]
        for (index, signal) in signals.enumerated() {
            machine.enqueue(
                signal, position: Int64(index + 1), conversation: 1, offset: Int64(index + 1), cause: .applied, now: 0)
        }
        var startsCanceled: [String: Bool] = [:]
        var order: [String] = []
        while let selection = machine.select() {
            let signal = try #require(selection.signal)
            let application = machine.apply(
                selection, signal: signal, state: &state, canceledThrough: &canceledThrough)
            order.append(signal.id)
            startsCanceled[signal.id] = application.startsCanceled
        }
        #expect(order == ["abort", "before", "after"])
        #expect(startsCanceled == ["abort": false, "before": true, "after": false])
        #expect(canceledThrough == 2)
        #expect(machine.applyOrder == 3)
    }

    @Test func `A signal is pending from its recording to its application, with or without its bytes`() throws {
        var machine = machine()
        machine.enqueue(
            signal("s", type: "conv.in.note.taken"), position: 7, conversation: 1, offset: 1, cause: .applied, now: 0)
        #expect(machine.isPending(7))
        machine.release(7)
        #expect(machine.isPending(7))
        let selected = machine.select()
        let selection = try #require(selected)
        #expect(selection.signal == nil)
        #expect(selection.offset == 1)
        machine.discard(selection)
        #expect(!machine.isPending(7))
        #expect(machine.queueDepth == 0)
    }
}
