import ConveyEngine
import JournalSupport
import Signals
import Testing

@testable import ConveyRuntime
@testable import JournalPort
@testable import Observability
@testable import Threads

/// Batches that arrive while earlier ones are being committed.
@Suite struct PipelinedBatchTests {
    private static func note(_ id: String) -> InboundSignal {
        .accepted(Signal(id: id, source: "/test", type: "conv.in.note.taken", subject: "c", data: Array("{}".utf8)))
    }

    @Test func `A batch after a failed one is not taken, whatever happened meanwhile`() {
        let mailbox = EngineMailbox()
        let first = mailbox.hand(over: [Self.note("1")])
        let second = mailbox.hand(over: [Self.note("2")], behind: first)
        let taken = mailbox.take(until: 0)
        #expect(taken.batches.count == 2)
        taken.fail(with: JournalError(.diskFull, "full"))
        #expect(second.failure?.code == .diskFull)

        let third = mailbox.hand(over: [Self.note("3")], behind: second)
        #expect(third.failure?.code == .diskFull)
        #expect(mailbox.take(until: 0).batches.isEmpty)
        // On the next connection, the broker begins with the messages that were not acknowledged.
        let again = mailbox.hand(over: [Self.note("1")])
        #expect(!again.isComplete)
        #expect(mailbox.take(until: 0).batches.count == 1)
    }

    @Test func `Batches behind a failed commit fail with it, and come again in order`() throws {
        let mailbox = EngineMailbox()
        let disk = Monitor(Disk())
        let heartbeats = Heartbeats()
        let beat = heartbeats.beat("engine", limit: .seconds(30))
        let thread = DedicatedThread(name: "engine") {
            try? runEngine(mailbox, beat: beat) { journal in
                disk.change { $0.isCommitting = true }
                journal.fault = disk.wait(until: nil) { $0.faults.isEmpty ? nil : $0.faults.removeFirst() } ?? .none
            }
        }
        let first = mailbox.hand(over: [Self.note("1")])
        let soon = Clocks.monotonicMicroseconds() + 30_000_000
        #expect(disk.wait(until: soon) { $0.isCommitting ? true : nil } == true)
        let second = mailbox.hand(over: [Self.note("2")], behind: first)
        disk.change { $0.faults = [.failedOnce, .none] }
        #expect(first.wait(until: soon)?.isFailure == true)
        #expect(second.wait(until: soon)?.isFailure == true)

        var offsets: [String] = []
        while offsets.isEmpty, Clocks.monotonicMicroseconds() < soon {
            if case .success(let outcomes) = mailbox.submit([Self.note("1"), Self.note("2")]) {
                offsets = outcomes.map { "\($0)" }
            }
        }
        #expect(offsets.count == 2)
        #expect(offsets.first?.contains("recorded(id: \"1\"") == true)
        mailbox.stop()
        thread.join()
    }

    private struct Disk {
        var isCommitting = false
        /// What the next commits do; a commit waits until there is an entry.
        var faults: [SimulatedJournal.Fault] = []
    }
}

extension Result {
    fileprivate var isFailure: Bool {
        switch self {
        case .success: false
        case .failure: true
        }
    }
}
