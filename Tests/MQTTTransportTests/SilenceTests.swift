import MQTTTransport
import TestSupport
import Testing

/// Silent brokers: how they are noticed, and that deliberately not reading does not lose the connection.
@Suite struct SilenceTests {
    @Test func `A broker is probed after ten seconds, and given up after twenty`() {
        let options = consumerOptions(port: 1)
        #expect(options.silence == BrokerSilenceLimits(askAfter: .seconds(10), end: .seconds(20)))
    }

    @Test(.timeLimit(.minutes(1)), arguments: [MQTTOptions.Acknowledgement.whenFlushed, .immediate])
    func `A sound broker answers before its silence matters`(acknowledgement: MQTTOptions.Acknowledgement) throws {
        let broker = try openBroker()
        let relay = try TCPRelay(to: broker.port)
        defer { relay.stop() }
        var options = consumerOptions(port: relay.port)
        options.acknowledgement = acknowledgement
        options.silence = BrokerSilenceLimits(askAfter: .seconds(1), end: .seconds(15))
        let consumer = try Harness(options)
        try consumer.connect()
        try consumer.pump("two signs of life", seconds: 60) { harness in
            harness.connection.flush()
            return relay.count(.unsuback, .fromBroker) == 2
        }
        #expect(consumer.end == nil)
    }

    @Test(.timeLimit(.minutes(1))) func `A black hole ends the connection after a probe`()
        throws
    {
        let broker = try openBroker()
        let relay = try TCPRelay(to: broker.port)
        defer { relay.stop() }
        var options = consumerOptions(port: relay.port)
        options.silence = BrokerSilenceLimits(askAfter: .seconds(1), end: .seconds(2))
        let consumer = try Harness(options)
        try consumer.connect()
        relay.hold(true, .fromBroker)
        relay.hold(true, .fromClient)
        var longest = Duration.zero
        try consumer.pump("the end", seconds: 60) { harness in
            harness.connection.flush()
            longest = max(longest, harness.connection.silence)
            return !harness.connection.isOpen
        }
        // The next read reports the end.
        consumer.readOnce()
        #expect(consumer.end?.code == .timeout)
        #expect(longest > options.silence.askAfter)
    }

    @Test(.timeLimit(.minutes(1))) func `Deliberately not reading keeps the connection`() throws {
        let broker = try openBroker()
        var options = consumerOptions(port: broker.port)
        options.keepAliveSeconds = 5  // The broker ends a connection that is silent for 7.5 s.
        options.silence = BrokerSilenceLimits(askAfter: .seconds(1), end: .seconds(2))
        let consumer = try Harness(options)
        try consumer.connect()
        let began = ContinuousClock.now
        try waitUntil("a pause that is long enough for the broker", seconds: 60) {
            let polled = consumer.connection.poll(timeoutMilliseconds: 100, wake: nil, reading: false)
            #expect(!polled.hasEnded)
            consumer.connection.keepAlive(reading: false)
            consumer.connection.flush()
            return ContinuousClock.now - began > .seconds(10)
        }
        #expect(consumer.connection.silence < options.silence.end)
        // It continues as if nothing had happened.
        #expect(try consumer.subscribe(["after/the/pause"]) == [1])
        #expect(consumer.end == nil)
    }
}
