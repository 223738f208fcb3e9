import Foundation
import MQTTTransport
import Synchronization
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1)))
struct ClientTests {
    private func started(_ options: MQTTOptions, answerTimeout: Duration = .seconds(30)) async throws -> MQTTClient {
        let client = try MQTTClient(options, answerTimeout: answerTimeout)
        try await client.start()
        return client
    }

    /// The next `count` messages' payloads as text.
    private func take(_ count: Int, _ client: MQTTClient) async -> [String] {
        var taken: [String] = []
        for await message in client.messages {
            taken.append(String(decoding: message.payload, as: UTF8.self))
            if taken.count == count { break }
        }
        return taken
    }

    private func numbered(_ numbers: Range<Int>, _ topic: String = "t") -> [OutgoingMessage] {
        numbers.map { OutgoingMessage(topic: topic, payload: Array("\($0)".utf8)) }
    }

    @Test(arguments: [MQTTVersion.v5, .v311])
    func publishesAndReceivesInOrder(version: MQTTVersion) async throws {
        let broker = try openBroker()
        let client = try await started(publisherOptions(port: broker.port, version: version))
        try await client.subscribe(["t", "u/#"])
        try await client.publish(topic: "u/x", payload: Array("first".utf8))
        try await client.publishMany(numbered(0..<1000))
        #expect(await take(1001, client) == ["first"] + (0..<1000).map { "\($0)" })
        await client.stop()
        await client.stop()
        for await _ in client.messages { Issue.record("a message after the end") }
        let error = await #expect(throws: MQTTError.self) { try await client.publish(topic: "t", payload: []) }
        #expect(error?.code == .stopped)
    }

    @Test func startThrowsWhyItCannot() async throws {
        let client = try MQTTClient(publisherOptions(port: freePort()))
        let unreachable = await #expect(throws: MQTTError.self) { try await client.start() }
        #expect(unreachable?.code == .hostUnreachable)
        await client.stop()

        let broker = try MosquittoProcess(allowAnonymous: false)
        let anonymous = try MQTTClient(publisherOptions(port: broker.port))
        let refused = await #expect(throws: MQTTError.self) { try await anonymous.start() }
        #expect(refused?.code == .notAuthorized)
        let again = await #expect(throws: MQTTError.self) { try await anonymous.start() }
        #expect(again?.code == .stopped)
    }

    @Test func whatTheBrokersACLDeniesIsAnError() async throws {
        let acl = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
        defer { try? FileManager.default.removeItem(atPath: acl) }
        try "topic readwrite open/#\n".write(toFile: acl, atomically: true, encoding: .utf8)
        let broker = try MosquittoProcess(configuration: ["acl_file \(acl)"])
        let client = try await started(publisherOptions(port: broker.port))
        let error = await #expect(throws: MQTTError.self) { try await client.publish(topic: "closed", payload: []) }
        #expect(error?.code == .publishRefused)
        #expect(error?.message.contains("not authorized") == true)
        try await client.publish(topic: "open/a", payload: [])
        await client.stop()
    }

    @Test func aDeniedSubscriptionIsAnErrorThatNamesTheFilter() async throws {
        // mosquitto's ACL file allows every SUBSCRIBE and filters deliveries.
        let broker = try ScriptedBroker(replies: [[0x20, 3, 0, 0, 0], [0x90, 5, 0, 1, 0, 1, 0x87]])
        let client = try await started(publisherOptions(port: broker.port))
        let error = await #expect(throws: MQTTError.self) { try await client.subscribe(["open", "closed/#"]) }
        #expect(error?.code == .subscribeRefused)
        #expect(error?.message.contains("closed/#") == true)
        #expect(error?.message.contains("open") == false)
        await client.stop()
        #expect(client.failure == nil)
    }

    @Test func aReconnectThatIsRefusedForGoodEndsTheClientWithTheReason() async throws {
        let broker = try openBroker()
        let relay = try TCPRelay(to: broker.port)
        defer { relay.stop() }
        let client = try await started(publisherOptions(port: relay.port))
        try "allow_anonymous false\nlistener \(broker.port) 127.0.0.1\nlog_type all\n".appending(
            "log_dest file \(broker.directory.path)/mosquitto.log\nuser \(NSUserName())\n"
        ).write(to: broker.directory.appendingPathComponent("mosquitto.conf"), atomically: true, encoding: .utf8)
        broker.kill()
        try broker.start()
        for await _ in client.messages { Issue.record("no message was sent") }
        #expect(client.failure?.code == .notAuthorized)
        let error = await #expect(throws: MQTTError.self) { try await client.publish(topic: "t", payload: []) }
        #expect(error?.code == .notAuthorized)
        await client.stop()
    }

    @Test func aRestartedBrokerIsFoundAgainWithSubscriptionsAndNothingUnacknowledgedLost() async throws {
        let broker = try openBroker()
        let relay = try TCPRelay(to: broker.port)
        defer { relay.stop() }
        let client = try await started(publisherOptions(port: relay.port))
        try await client.subscribe(["t"])
        relay.hold(true, .fromBroker)
        async let published: Void = client.publishMany(numbered(0..<300))
        try waitUntil("a window of publishes") { relay.count(.publish, .fromClient) == 200 }
        broker.kill()
        relay.hold(false, .fromBroker)
        relay.cut()
        try broker.start()
        try await published
        // All 300 are acknowledged; the first broker's messages were lost with it and were sent again.
        #expect(relay.count(.subscribe, .fromClient) >= 2)
        let last = await take(300, client)
        #expect(Set(last) == Set((0..<300).map { "\($0)" }))
        await client.stop()
    }

    @Test func aPublishThatIsNotAcknowledgedTimesOut() async throws {
        let broker = try openBroker()
        let relay = try TCPRelay(to: broker.port)
        defer { relay.stop() }
        let client = try await started(publisherOptions(port: relay.port), answerTimeout: .milliseconds(300))
        relay.hold(true, .fromBroker)
        let error = await #expect(throws: MQTTError.self) { try await client.publish(topic: "t", payload: []) }
        #expect(error?.code == .timeout)
        await client.stop()
    }

    @Test func enqueueReportsEachResultAndRefusesMoreThanItsLimit() async throws {
        let broker = try openBroker()
        let relay = try TCPRelay(to: broker.port)
        defer { relay.stop() }
        let client = try await started(publisherOptions(port: relay.port))
        relay.hold(true, .fromBroker)
        let done = Mutex(0)
        let message = OutgoingMessage(topic: "t", payload: [])
        for _ in 0..<500 {
            try client.enqueue(message) { result in
                if case .success = result { done.withLock { $0 += 1 } }
            }
        }
        let tooMany = [OutgoingMessage](repeating: message, count: MQTTClient.publishQueueLimit)
        let error = await #expect(throws: MQTTError.self) { try await client.publishMany(tooMany) }
        #expect(error?.code == .queueFull)
        relay.hold(false, .fromBroker)
        try waitUntil("500 results") { done.withLock { $0 } == 500 }
        await client.stop()
    }

    @Test func aConsumerThatDoesNotTakeMessagesHoldsTheBrokerBackAndLosesNone() async throws {
        let broker = try openBroker()
        let reader = try await started(publisherOptions(port: broker.port, id: "reader"))
        try await reader.subscribe(["t"])
        let writer = try await started(publisherOptions(port: broker.port, id: "writer"))
        let count = MQTTClient.receiveBufferLimit + 5000
        try await writer.publishMany(numbered(0..<count))
        #expect(await take(count, reader) == (0..<count).map { "\($0)" })
        await reader.stop()
        await writer.stop()
    }
}
