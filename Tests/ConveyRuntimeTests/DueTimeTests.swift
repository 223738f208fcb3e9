import JournalSupport
import Testing

import EffectPort
@testable import ConveyEngine
@testable import ConveyRuntime
@testable import JournalPort
@testable import Signals
@testable import Threads

private func timer(_ id: String, _ data: String) -> Signal {
    Signal(id: id, source: "/test", type: "conv.in.timer.tick", subject: "c", data: Array(data.utf8))
}

/// Times that this boot's clock cannot represent, or that overflow during the conversion.
private let absurd = [
    #"{"fire_at":"2001-01-01T00:00:00Z"}"#, #"{"fire_at":"0001-01-01T00:00:00Z"}"#,
    #"{"fire_at":"0000-01-01T00:00:00+23:59"}"#, #"{"fire_at":"9999-12-31T23:59:59-23:59"}"#, #"{"fire_at":0}"#,
    #"{"fire_at":-1}"#, #"{"fire_at":-62135596800000}"#, #"{"fire_at":4611686018427387}"#,
    #"{"fire_at":9223372036854775807}"#, #"{"fire_at":-9223372036854775808}"#, #"{"fire_at":1e300}"#,
    #"{"delay_ms":0}"#, #"{"delay_ms":-1}"#, #"{"delay_ms":9223372036854775807}"#, #"{"delay_ms":3162240000000}"#,
]

@Suite struct DueTimeTests {
    @Test func `A timer that was due before this boot fires at once`() throws {
        let harness = try Harness()
        try harness.take(timer("t", #"{"fire_at":"2001-01-01T00:00:00Z"}"#))
        #expect(harness.engine.nextTimeout() == 0)
        try harness.transact()
        #expect(
            try harness.data("conv.effect.timer.wait.completed")["fire_at"]?.string == "2001-01-01T00:00:00.000000Z")
        #expect(harness.engine.nextTimeout() == nil)
    }

    @Test func `Timers that fell due while the machine was off fire at the next start, in order`() throws {
        let harness = try Harness { $0.effects.turns.mergeWindow = .seconds(30) }
        harness.time.monotonic = 86_400_000
        try harness.take(timer("second", #"{"delay_ms":20000}"#), timer("first", #"{"delay_ms":10000}"#))
        try harness.take(timer("fourth", #"{"delay_ms":30000}"#), timer("fifth", #"{"delay_ms":30000}"#))
        // Off for a day, and the monotonic clock starts again.
        harness.time = EngineTime(wall: harness.time.wall + 86_400_000_000, monotonic: 3)
        try harness.restart()
        try harness.transact()
        let fired = try harness.signals("conv.effect.timer.wait.completed").map { signal in
            try JSONValue(signal.data)["effect_id"]?.string
        }
        #expect(fired == ["timer-wait-first", "timer-wait-second", "timer-wait-fourth", "timer-wait-fifth"])
    }

    @Test func `A retry pause and a merge window that ended while the machine was off are over`() throws {
        let harness = try Harness {
            $0.effects.turns.doubleTexting = .merge
            $0.effects.turns.mergeWindow = .seconds(30)
        }
        let message = Signal(
            id: "m", source: "/test", type: "conv.in.message.received", subject: "c",
            data: Array(#"{"content":"hi"}"#.utf8))
        #expect(try harness.take(message).attempts.isEmpty)
        harness.time = EngineTime(wall: harness.time.wall + 86_400_000_000, monotonic: 0)
        try harness.restart()
        let first = try #require(try harness.transact().attempts.first)
        try harness.report(first, .failed(EffectFailure(.provider, "429", retryAfter: .seconds(3_600))))
        harness.time = EngineTime(wall: harness.time.wall + 86_400_000_000, monotonic: 0)
        try harness.restart()
        #expect(try harness.transact().attempts.first?.effect.attempt == 2)
    }

    @Test(arguments: absurd)
    func `No time that a client can send stops the engine`(data: String) throws {
        let harness = try Harness()
        try harness.take(timer("t", data))
        #expect(harness.engine.nextTimeout() ?? 0 >= 0)
        harness.time = EngineTime(wall: -1_000_000, monotonic: 0)
        try harness.restart()
        try harness.transact()
        #expect(harness.engine.nextTimeout() ?? 0 >= 0)
        try harness.take(timer("next", #"{"delay_ms":0}"#))
        try harness.pass(1)
        #expect(harness.signals("conv.effect.timer.wait.completed").count >= 1)
    }

    @Test func `Signals whose cause never comes are set aside in bounded transactions`() throws {
        let harness = try Harness { $0.causeTimeoutMilliseconds = 10 }
        for batch in 0..<12 {
            var input = EngineInput()
            input.inbound = (0..<100).map { index in
                .accepted(
                    Signal(
                        id: "s\(batch)-\(index)", source: "/test", type: "conv.in.note.taken", subject: "c\(index)",
                        cause: .signal("never"), data: Array("{}".utf8)))
            }
            _ = try harness.engine.process(input, at: harness.time)
        }
        var rounds = 0
        try harness.pass(10)
        while !harness.disk.deadLetters.isEmpty, harness.disk.deadLetters.count < 1_200, rounds < 10 {
            rounds += 1
            try harness.transact()
        }
        #expect(harness.disk.deadLetters.count == 1_200)
        #expect((2...4).contains(rounds))
    }
}

@Suite struct MonitorTests {
    @Test(arguments: [Int64.min, -1_000_000_001, -1, 0, 1])
    func `A wait until a past time returns at once, also before the clock's zero`(deadline: Int64) {
        let monitor = Monitor(0)
        #expect(monitor.wait(until: deadline) { _ -> Int? in nil } == nil)
        #expect(monitor.wait(until: deadline) { $0 } == 0)
    }

    @Test func `A change ends a wait without a deadline`() {
        let monitor = Monitor(0)
        let thread = DedicatedThread(name: "test") { monitor.change { $0 = 7 } }
        #expect(monitor.wait(until: .max) { $0 == 0 ? nil : $0 } == 7)
        thread.join()
    }
}

/// The thread itself, with the clocks of this machine: due work cannot keep it from new signals.
@Suite struct EngineThreadTests {
    @Test(.timeLimit(.minutes(2)), arguments: absurd)
    func `The engine takes signals and stops, whatever the timer's time`(data: String) async throws {
        let mailbox = EngineMailbox()
        let outcome = Monitor<Result<Void, any Error>?>(nil)
        let thread = DedicatedThread(name: "engine") {
            outcome.complete { try runEngine(mailbox, beat: Heartbeats().beat("engine", limit: .seconds(30))) }
        }
        #expect(mailbox.submit([.accepted(timer("t", data))]).isRecorded)
        // The next rounds begin with a due time that may be before the clock's zero.
        for number in 0..<3 {
            #expect(mailbox.submit([.accepted(timer("next-\(number)", #"{"delay_ms":0}"#))]).isRecorded)
        }
        mailbox.stop()
        thread.join()
        try outcome.change { $0 }?.get()
    }
}

extension Monitor where Value == Result<Void, any Error>? {
    fileprivate func complete(_ body: () throws -> Void) {
        let result = Result { try body() }
        change { $0 = result }
    }
}

extension Result where Success == [RecordOutcome], Failure == JournalError {
    fileprivate var isRecorded: Bool {
        guard case .success(let outcomes) = self, case .recorded? = outcomes.first else { return false }
        return true
    }
}
