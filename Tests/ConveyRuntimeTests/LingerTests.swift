import Testing

@testable import ConveyRuntime

@Suite struct LingerTests {
    private static let rest: Int64 = 2_000

    /// A thread that handles a steady load: a round takes `fixed` microseconds plus `each` per message.
    private struct Thread {
        var linger = Linger()
        var now: Int64 = 1_000_000
        var fixed: Int64 = 500
        var each: Int64 = 30
        var left: Int64 = 0

        /// - Returns: how often it paused in the given number of rounds.
        mutating func run(perSecond rate: Int64, rounds: Int) -> Int {
            var rests = 0
            var before = now
            for _ in 0..<rounds {
                // The messages since the last round, and at least one that it waits for.
                let messages = max(1, Int((now - before) * rate / 1_000_000))
                before = now
                let rest = linger.rest(after: messages, at: now)
                if rest > 0 { rests += 1 }
                now += max(rest + fixed + each * Int64(messages), 1_000_000 / rate)
            }
            return rests
        }
    }

    @Test func `A lone message is never delayed, whatever came before it`() {
        var linger = Linger()
        for round in 1...100 { _ = linger.rest(after: 500, at: Int64(round) * 10_000) }
        #expect(linger.rest(after: 1, at: 2_000_000) == 0)
    }

    @Test func `A round that is large because the thread was delayed is no reason to pause`() {
        var thread = Thread()
        #expect(thread.run(perSecond: 5_000, rounds: 1_000) == 0)
        thread.now += 60_000
        #expect(thread.run(perSecond: 5_000, rounds: 1_000) == 0)
    }

    @Test func `At saturation the thread pauses, so that more messages share a round`() {
        var thread = Thread()
        #expect(thread.run(perSecond: 30_000, rounds: 1_000) > 900)
    }

    @Test func `A thread that paused at saturation stops pausing below half of it`() {
        var thread = Thread()
        #expect(thread.run(perSecond: 30_000, rounds: 1_000) > 900)
        #expect(thread.run(perSecond: 15_000, rounds: 1_000) < 20)
    }
}
