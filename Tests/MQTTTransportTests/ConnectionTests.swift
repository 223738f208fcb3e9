import MQTTTransport
import TestSupport
import Testing
import Threads

@Suite(.timeLimit(.minutes(1)))
struct ConnectionTests {
    @Test func propertiesTravelUnchanged() throws {
        let broker = try openBroker()
        let both = try Harness(publisherOptions(port: broker.port))
        try both.connect()
        _ = try both.subscribe(["t/#"])
        let sent = PublishProperties(
            contentType: "application/cloudevents+json", correlationData: [0, 1, 255], responseTopic: "reply/ü",
            userProperties: [("traceparent", "00-aa-bb-01"), ("key", "one"), ("key", "two"), ("empty", "")])
        _ = try both.connection.publish(topic: "t/ä", payload: [0, 255, 7], properties: sent)
        try both.pump("the message") { !$0.messages.isEmpty }

        let received = try #require(both.messages.first)
        #expect(received.topic == "t/ä")
        #expect(received.payload == [0, 255, 7])
        #expect(received.qos == 1)
        #expect(!received.isRetained)
        #expect(received.contentType == sent.contentType)
        #expect(received.responseTopic == sent.responseTopic)
        #expect(received.correlationData == sent.correlationData)
        #expect(received.userProperties.map(\.0) == sent.userProperties.map(\.0))
        #expect(received.userProperties.map(\.1) == sent.userProperties.map(\.1))
    }

    @Test func version311WorksWithoutProperties() throws {
        let broker = try openBroker()
        let both = try Harness(publisherOptions(port: broker.port, version: .v311))
        try both.connect()
        #expect(try both.subscribe(["a", "b/+"]) == [1, 1])
        _ = try both.connection.publish(
            topic: "b/c", payload: [1], properties: PublishProperties(contentType: "left out"))
        try both.pump("the message") { !$0.messages.isEmpty }
        #expect(both.messages.first?.contentType == nil)
        both.connection.disconnect()
        #expect(!both.connection.isOpen)
    }

    @Test func retainedMessagesAreMarked() throws {
        let broker = try openBroker()
        let both = try Harness(publisherOptions(port: broker.port))
        try both.connect()
        let id = try both.connection.publish(topic: "status", payload: [1], retain: true)
        try both.pump("PUBACK") { $0.acknowledged == [id] }
        _ = try both.subscribe(["status"])
        try both.pump("the retained message") { !$0.messages.isEmpty }
        #expect(both.messages.first?.isRetained == true)
    }

    @Test func aWindowOf200PublishesIsPipelinedAndEachIsAcknowledgedByItsID() throws {
        let broker = try openBroker()
        let relay = try TCPRelay(to: broker.port)
        defer { relay.stop() }
        let publisher = try Harness(publisherOptions(port: relay.port))
        try publisher.connect()
        #expect(publisher.connection.brokerReceiveMaximum >= 200)
        relay.hold(true, .fromBroker)
        let ids = try (0..<200).map { _ in try publisher.connection.publish(topic: "t", payload: [1]) }
        try waitUntil("200 PUBLISH without a PUBACK") { relay.count(.publish, .fromClient) == 200 }
        #expect(publisher.acknowledged.isEmpty)
        relay.hold(false, .fromBroker)
        try publisher.pump("200 PUBACKs") { $0.acknowledged.count == 200 }
        #expect(Set(ids).count == 200)
        #expect(publisher.acknowledged == ids)
    }

    @Test func theBrokersReceiveMaximumIsReported() throws {
        let broker = try MosquittoProcess(configuration: ["max_inflight_messages 33"])
        let publisher = try Harness(publisherOptions(port: broker.port))
        try publisher.connect()
        #expect(publisher.connection.brokerReceiveMaximum == 33)
    }

    @Test func aSecondConnectionWithTheSameIDEndsTheFirst() throws {
        let broker = try openBroker()
        let first = try Harness(publisherOptions(port: broker.port, id: "same"))
        try first.connect()
        let second = try Harness(publisherOptions(port: broker.port, id: "same"))
        try second.connect()
        // mosquitto 2.0.11 closes the first without the DISCONNECT 0x8E that MQTT 5 asks for.
        try first.pump("the end of the first") { $0.end != nil }
        #expect(!first.connection.isOpen)
        #expect(second.connection.isConnected)
    }

    @Test(arguments: [MQTTVersion.v5, .v311])
    func aKilledBrokerIsReportedAndConnectWorksAgain(version: MQTTVersion) throws {
        let broker = try openBroker()
        let publisher = try Harness(publisherOptions(port: broker.port, version: version))
        try publisher.connect()
        broker.kill()
        try publisher.pump("the end") { $0.end != nil }
        #expect(publisher.end?.code == .connectionLost)
        #expect(throws: MQTTError.self) { try publisher.connection.publish(topic: "t", payload: []) }
        try broker.start()
        try publisher.connect()
        let id = try publisher.connection.publish(topic: "t", payload: [])
        try publisher.pump("PUBACK") { $0.acknowledged == [id] }
    }

    @Test func unacknowledgedPublishesAreNotSentAgainByThemselves() throws {
        let broker = try openBroker()
        let relay = try TCPRelay(to: broker.port)
        defer { relay.stop() }
        let publisher = try Harness(publisherOptions(port: relay.port))
        try publisher.connect()
        relay.hold(true, .fromBroker)
        for _ in 0..<10 { _ = try publisher.connection.publish(topic: "t", payload: []) }
        try waitUntil("10 PUBLISH") { relay.count(.publish, .fromClient) == 10 }
        relay.cut()
        try publisher.pump("the end") { $0.end != nil }
        relay.hold(false, .fromBroker)
        try publisher.connect()
        let id = try publisher.connection.publish(topic: "t", payload: [])
        try publisher.pump("PUBACK") { $0.acknowledged == [id] }
        #expect(relay.count(.publish, .fromClient) == 11)
    }

    @Test func anEndThatAWriteNoticesIsAnnouncedOnceAndNotToTheNextConnection() throws {
        let broker = try openBroker()
        let relay = try TCPRelay(to: broker.port)
        defer { relay.stop() }
        let harness = try Harness(consumerOptions(port: relay.port))
        func breakOff() throws {
            try harness.connect()
            relay.cut()
            try waitUntil("a write fails") {
                guard harness.connection.isConnected else { return true }
                _ = try? harness.connection.publish(topic: "t", payload: [], qos: 0)  // Fails once it is cut.
                return !harness.connection.flush()
            }
        }
        try breakOff()
        #expect(harness.connection.poll(timeoutMilliseconds: 0, wake: nil).isReadable)
        harness.readOnce()
        #expect(harness.end?.code == .connectionLost)
        #expect(!harness.connection.poll(timeoutMilliseconds: 0, wake: nil).isReadable)

        try breakOff()
        try harness.connect()
        #expect(harness.end == nil)
    }

    @Test func anEndedSessionIsNotPresent() throws {
        let broker = try openBroker()
        var options = consumerOptions(port: broker.port)
        try #expect(!Harness(options).connect())
        try #expect(Harness(options).connect())
        options.cleanStart = true
        try #expect(!Harness(options).connect())
    }

    @Test func theWillIsPublishedAfterAbandonAndNotAfterDisconnect() throws {
        let broker = try openBroker()
        let watcher = try Harness(publisherOptions(port: broker.port, id: "watcher"))
        try watcher.connect()
        _ = try watcher.subscribe(["status/#"])
        for (name, isGraceful) in [("graceful", true), ("abandoned", false)] {
            var options = publisherOptions(port: broker.port, id: name)
            options.will = MQTTWill(topic: "status/\(name)", payload: Array("offline".utf8), retain: false)
            let node = try Harness(options)
            try node.connect()
            if isGraceful { node.connection.disconnect() } else { node.connection.abandon() }
        }
        try watcher.pump("a will") { !$0.messages.isEmpty }
        #expect(watcher.messages.map(\.topic) == ["status/abandoned"])
    }

    @Test func aBrokerThatDoesNotAnswerEndsInATimeout() throws {
        let broker = try openBroker()
        let relay = try TCPRelay(to: broker.port)
        defer { relay.stop() }
        relay.hold(true, .fromBroker)
        var options = publisherOptions(port: relay.port)
        options.connectTimeoutSeconds = 1
        let publisher = try Harness(options)
        let error = #expect(throws: MQTTError.self) { try publisher.connect() }
        #expect(error?.code == .timeout)
    }

    @Test func wakeEndsAPollFromAnotherThread() throws {
        let wake = try WakeHandle()
        let connection = try MQTTConnection(publisherOptions(port: 1))
        wake.wake()
        wake.wake()
        #expect(connection.poll(timeoutMilliseconds: -1, wake: wake).isWoken)
        #expect(!connection.poll(timeoutMilliseconds: 0, wake: wake).isWoken)
        // A thread of its own: the poll below would block one of the pool.
        try DedicatedThread.detach(name: "wake") { wake.wake() }
        #expect(connection.poll(timeoutMilliseconds: 10_000, wake: wake).isWoken)
    }

    @Test(arguments: ["", "a/#", "a/+/b", "nul\u{0}"])
    func badTopicsAreRefusedBeforeAnythingIsSent(topic: String) throws {
        let broker = try openBroker()
        let publisher = try Harness(publisherOptions(port: broker.port))
        try publisher.connect()
        let error = #expect(throws: MQTTError.self) { try publisher.connection.publish(topic: topic, payload: []) }
        #expect(error?.code == .invalidTopic)
        #expect(publisher.connection.isConnected)
    }
}
