import MQTTTransport
import Signals
import Testing

@testable import ConveyRuntime
@testable import JournalPort

@Suite struct PoisonWatchTests {
    private static let cut = MQTTError(.connectionLost, "closed")

    /// A connection that is made, works, and ends while these events are being sent.
    private func connect(
        _ watch: inout PoisonWatch, inFlight: [Int64], proven: Bool = true, _ error: MQTTError? = PoisonWatchTests.cut
    ) {
        watch.connected()
        if proven { watch.proven() }
        watch.ended(error, inFlight: inFlight.map { Position($0) })
    }

    @Test func `An event at which the broker ends the connection three times is condemned, whatever was sent with it`()
    {
        var watch = PoisonWatch()
        #expect(watch.window(200) == 200)
        connect(&watch, inFlight: [4, 5, 6])
        #expect(watch.condemned == nil)
        // From now on one at a time, after the broker has answered something else.
        watch.connected()
        #expect(watch.window(200) == 0)
        watch.proven()
        #expect(watch.window(200) == 1)
        watch.passed(Position(4))
        for _ in 0..<2 {
            connect(&watch, inFlight: [5])
            #expect(watch.condemned == nil)
        }
        connect(&watch, inFlight: [5])
        #expect(watch.condemned?.position == Position(5))
        watch.passed(Position(5))
        #expect(watch.condemned == nil)
        #expect(watch.aloneThrough == Position(6))
        watch.passed(Position(6))
        #expect(watch.window(200) == 200)
    }

    @Test func `Failures that are not the event's fault do not count`() {
        let others: [MQTTError?] = [
            nil, MQTTError(.timeout, "no answer to a ping"), MQTTError(.hostUnreachable, "no route"),
            MQTTError(.notAuthorized, "not authorized", reasonCode: 0x87),
            MQTTError(.connectionLost, "shutting down", reasonCode: 0x8B),
            MQTTError(.sessionTakenOver, "taken over", reasonCode: 0x8E),
        ]
        for other in others {
            var watch = PoisonWatch()
            for _ in 0..<10 { connect(&watch, inFlight: [5], other) }
            #expect(watch.condemned == nil, "\(String(describing: other))")
            // It also ends the series.
            connect(&watch, inFlight: [5])
            connect(&watch, inFlight: [5])
            connect(&watch, inFlight: [5], other)
            connect(&watch, inFlight: [5])
            #expect(watch.condemned == nil, "\(String(describing: other))")
        }
        var watch = PoisonWatch()
        for _ in 0..<10 { connect(&watch, inFlight: [5], proven: false) }
        for _ in 0..<10 { connect(&watch, inFlight: [5, 6]) }
        for _ in 0..<10 { connect(&watch, inFlight: []) }
        #expect(watch.condemned == nil)
    }

    @Test func `A permanent refusal counts, one that an operator can fix does not`() {
        #expect([0x90, 0x95, 0x99].allSatisfy { PoisonWatch.isFinal($0) })
        #expect(![0x80, 0x83, 0x87, 0x97].contains { PoisonWatch.isFinal($0) })
        var watch = PoisonWatch()
        for _ in 0..<3 {
            #expect(watch.condemned == nil)
            watch.refused(Position(9), reasonCode: 0x90)
        }
        #expect(watch.condemned?.position == Position(9))
    }

    @Test func `An event that gets through is no longer suspected`() {
        var watch = PoisonWatch()
        connect(&watch, inFlight: [5])
        connect(&watch, inFlight: [5])
        watch.passed(Position(5))
        connect(&watch, inFlight: [6])
        #expect(watch.condemned == nil)
        #expect(watch.aloneThrough == Position(6))
    }
}
