import MQTTTransport
import TestSupport
import Testing

/// Brokers that say nothing: how it is noticed, and that a side that does not read on purpose does not lose its connection.
@Suite struct SilenceTests {
    @Test(.timeLimit(.minutes(2)), arguments: [MQTTOptions.Acknowledgement.whenFlushed, .immediate])
    func aSoundBrokerAnswersBeforeItsSilenceMatters(acknowledgement: MQTTOptions.Acknowledgement) throws {
        let broker = try openBroker()
        let relay = try TCPRelay(to: broker.port)
        defer { relay.stop() }
        var options = consumerOptions(port: relay.port)
        options.acknowledgement = acknowledgement
        let consumer = try Harness(options)
        try consumer.connect()
        var longest = Duration.zero
        try consumer.pump("two signs of life", seconds: 60) { harness in
            harness.connection.flush()
            longest = max(longest, harness.connection.silence)
            return relay.count(.unsuback, .fromBroker) == 2
        }
        #expect(longest < .seconds(15))
        #expect(consumer.end == nil)
    }

    @Test(.timeLimit(.minutes(2))) func aBlackHoleEndsTheConnectionWithin25Seconds() throws {
        let broker = try openBroker()
        let relay = try TCPRelay(to: broker.port)
        defer { relay.stop() }
        let consumer = try Harness(consumerOptions(port: relay.port))
        try consumer.connect()
        relay.hold(true, .fromBroker)
        relay.hold(true, .fromClient)
        let began = ContinuousClock.now
        var longest = Duration.zero
        try consumer.pump("the end", seconds: 60) { harness in
            harness.connection.flush()
            longest = max(longest, harness.connection.silence)
            return !harness.connection.isOpen
        }
        // The end is news of the next read.
        consumer.readOnce()
        #expect(consumer.end?.code == .timeout)
        #expect(longest > .seconds(15))
        #expect(ContinuousClock.now - began < .seconds(40))
    }

    @Test(.timeLimit(.minutes(2))) func notReadingOnPurposeKeepsTheConnection() throws {
        let broker = try openBroker()
        var options = consumerOptions(port: broker.port)
        options.keepAliveSeconds = 5  // The broker ends a connection that is silent for 7.5 s.
        let consumer = try Harness(options)
        try consumer.connect()
        let began = ContinuousClock.now
        try waitUntil("a pause of 20 s", seconds: 60) {
            let polled = consumer.connection.poll(timeoutMilliseconds: 100, wake: nil, reading: false)
            #expect(!polled.hasEnded)
            consumer.connection.keepAlive(reading: false)
            consumer.connection.flush()
            return ContinuousClock.now - began > .seconds(20)
        }
        #expect(consumer.connection.silence < .seconds(2))
        // It goes on as if nothing had been.
        #expect(try consumer.subscribe(["after/the/pause"]) == [1])
        #expect(consumer.end == nil)
    }
}
