import MQTTTransport
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1)))
struct AcknowledgementTests {
    /// A consumer with a session behind a relay, subscribed to `t`, and `count` messages waiting for it.
    private func consumer(_ broker: MosquittoProcess, _ relay: TCPRelay, count: Int) throws -> Harness {
        let consumer = try Harness(consumerOptions(port: relay.port))
        try consumer.connect()
        #expect(try consumer.subscribe(["t"]) == [1])
        try publish(count, to: "t", port: broker.port)
        return consumer
    }

    @Test func noPUBACKLeavesBeforeFlush() throws {
        let broker = try openBroker()
        let relay = try TCPRelay(to: broker.port)
        defer { relay.stop() }
        let consumer = try consumer(broker, relay, count: 200)
        let sent = relay.bytes(.fromClient)

        try consumer.pump("200 messages") { $0.messages.count == 200 }
        // Another packet makes the round trip meanwhile, so the bytes had every chance to leave.
        try publish(1, to: "other", port: relay.port)
        #expect(relay.count(.puback, .fromClient) == 0)
        #expect(consumer.connection.unacknowledgedCount == 200)

        #expect(consumer.connection.flush())
        try waitUntil("200 PUBACKs") { relay.count(.puback, .fromClient) == 200 }
        #expect(relay.bytes(.fromClient) > sent)
        #expect(consumer.connection.unacknowledgedCount == 0)
        #expect(consumer.messages.map { String(decoding: $0.payload, as: UTF8.self) } == (0..<200).map { "\($0)" })
    }

    @Test func immediateModeAcknowledgesWhatIsRead() throws {
        let broker = try openBroker()
        let relay = try TCPRelay(to: broker.port)
        defer { relay.stop() }
        var options = consumerOptions(port: relay.port)
        options.acknowledgement = .immediate
        let consumer = try Harness(options)
        try consumer.connect()
        _ = try consumer.subscribe(["t"])
        try publish(50, to: "t", port: broker.port)
        try consumer.pump("50 messages") { $0.messages.count == 50 }
        try waitUntil("50 PUBACKs") { relay.count(.puback, .fromClient) == 50 }
        #expect(consumer.connection.unacknowledgedCount == 0)
    }

    @Test(arguments: [MQTTVersion.v5, .v311])
    func abandonLetsNoPUBACKOutAndTheBrokerDeliversAgain(version: MQTTVersion) throws {
        let broker = try openBroker()
        let relay = try TCPRelay(to: broker.port)
        defer { relay.stop() }
        let consumer = try Harness(consumerOptions(port: relay.port, version: version))
        try #expect(!consumer.connect())
        _ = try consumer.subscribe(["t"])
        try publish(100, to: "t", port: broker.port)
        try consumer.pump("100 messages") { $0.messages.count == 100 }
        consumer.connection.abandon()
        #expect(!consumer.connection.isOpen)
        consumer.forget()

        try #expect(consumer.connect())
        try consumer.pump("100 messages again") { $0.messages.count == 100 }
        #expect(relay.count(.puback, .fromClient) == 0)
        #expect(relay.duplicates(.fromBroker) == 100)
        #expect(consumer.messages.map { String(decoding: $0.payload, as: UTF8.self) } == (0..<100).map { "\($0)" })
    }

    @Test(arguments: [MQTTVersion.v5, .v311])
    func `The broker resends exactly the unacknowledged messages, in order`(version: MQTTVersion) throws {
        let broker = try openBroker()
        let relay = try TCPRelay(to: broker.port)
        defer { relay.stop() }
        var options = consumerOptions(port: relay.port, version: version)
        options.acknowledgement = .explicit
        let consumer = try Harness(options)
        try consumer.connect()
        _ = try consumer.subscribe(["t"])
        try publish(100, to: "t", port: broker.port)
        try consumer.pump("100 messages") { $0.messages.count == 100 }
        // Later writes do not acknowledge the messages read.
        _ = try consumer.subscribe(["u"])
        #expect(consumer.connection.flush())
        #expect(relay.count(.puback, .fromClient) == 0)
        consumer.connection.acknowledge(consumer.messages.filter { $0.payload.last != UInt8(ascii: "3") })
        try waitUntil("90 PUBACKs") { relay.count(.puback, .fromClient) == 90 }

        // Other messages come and are acknowledged meanwhile: freed identifiers may be reused.
        try publish(20, to: "t", port: broker.port)
        try consumer.pump("20 messages") { $0.messages.count == 120 }
        consumer.connection.acknowledge(consumer.messages.suffix(20))
        try waitUntil("110 PUBACKs") { relay.count(.puback, .fromClient) == 110 }
        consumer.connection.disconnect()
        consumer.forget()

        try #expect(consumer.connect())
        try consumer.pump("10 messages again") { $0.messages.count == 10 }
        #expect(
            consumer.messages.map { String(decoding: $0.payload, as: UTF8.self) } == (0..<10).map { "\($0 * 10 + 3)" })
        consumer.connection.acknowledge(consumer.messages)
        try waitUntil("120 PUBACKs") { relay.count(.puback, .fromClient) == 120 }
    }

    @Test func disconnectWithUnacknowledgedMessagesAcknowledgesNone() throws {
        let broker = try openBroker()
        let relay = try TCPRelay(to: broker.port)
        defer { relay.stop() }
        let consumer = try consumer(broker, relay, count: 10)
        try consumer.pump("10 messages") { $0.messages.count == 10 }
        consumer.connection.disconnect()
        consumer.forget()
        try consumer.connect()
        try consumer.pump("10 messages again") { $0.messages.count == 10 }
        #expect(relay.count(.puback, .fromClient) == 0)
    }

    @Test func aCutConnectionIsReportedAndItsMessagesComeAgain() throws {
        let broker = try openBroker()
        let relay = try TCPRelay(to: broker.port)
        defer { relay.stop() }
        let consumer = try consumer(broker, relay, count: 20)
        try consumer.pump("20 messages") { $0.messages.count == 20 }
        relay.cut()
        try consumer.pump("the end of the connection") { $0.end != nil }
        #expect(consumer.end?.isRetriable == true)
        #expect(!consumer.connection.flush())
        consumer.forget()

        // The PUBACKs queued on the old connection must not leave on the new one.
        try #expect(consumer.connect())
        try consumer.pump("20 messages again") { $0.messages.count == 20 }
        #expect(relay.count(.puback, .fromClient) == 0)
        #expect(consumer.connection.flush())
        try waitUntil("20 PUBACKs") { relay.count(.puback, .fromClient) == 20 }
    }

    @Test func aReceiveMaximumAboveTheDefaultOf20TakesEffect() throws {
        let broker = try openBroker()
        let relay = try TCPRelay(to: broker.port)
        defer { relay.stop() }
        let consumer = try consumer(broker, relay, count: 600)
        try consumer.pump("600 unacknowledged messages") { $0.messages.count == 600 }
        #expect(relay.count(.puback, .fromClient) == 0)
    }

    @Test func readStopsAtItsLimitsAndGoesOnFromThere() throws {
        let broker = try openBroker()
        let relay = try TCPRelay(to: broker.port)
        defer { relay.stop() }
        let consumer = try consumer(broker, relay, count: 100)
        try waitUntil("all are on their way") { relay.count(.publish, .fromBroker) == 100 }
        var taken = 0
        try waitUntil("100 messages in portions") {
            guard consumer.connection.poll(timeoutMilliseconds: 100, wake: nil).isReadable else { return false }
            let before = consumer.messages.count
            consumer.readOnce(limit: 7)
            taken = max(taken, consumer.messages.count - before)
            return consumer.messages.count == 100
        }
        #expect(taken == 7)
    }

    @Test func pingsLeaveAndKeepAnIdleConnectionOpen() throws {
        let broker = try openBroker()
        let relay = try TCPRelay(to: broker.port)
        defer { relay.stop() }
        var options = consumerOptions(port: relay.port)
        options.keepAliveSeconds = 5  // The least libmosquitto takes.
        let consumer = try Harness(options)
        try consumer.connect()
        try consumer.pump("a ping and its answer") { _ in
            consumer.connection.flush()
            return relay.count(.pingresp, .fromBroker) == 1
        }
        #expect(consumer.end == nil)
    }

    @Test func pollingWithoutReadingLeavesMessagesAtTheBroker() throws {
        let broker = try openBroker()
        let relay = try TCPRelay(to: broker.port)
        defer { relay.stop() }
        let consumer = try consumer(broker, relay, count: 1)
        try waitUntil("the message is on its way") { relay.count(.publish, .fromBroker) == 1 }
        #expect(!consumer.connection.poll(timeoutMilliseconds: 50, wake: nil, reading: false).isReadable)
        #expect(consumer.connection.poll(timeoutMilliseconds: 5000, wake: nil).isReadable)
    }
}
