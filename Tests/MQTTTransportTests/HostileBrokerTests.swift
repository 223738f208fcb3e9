import Foundation
import Glibc
import MQTTTransport
import Synchronization
import TestSupport
import Testing

/// A hostile broker: whatever it sends, the connection ends with an error and the process continues.
@Suite(.timeLimit(.minutes(2)))
struct HostileBrokerTests {
    /// Connects, makes every kind of request, and reads until the connection ends.
    /// - Returns: the reason for the end.
    private func visit(_ options: MQTTOptions) throws -> MQTTError? {
        let harness = try Harness(options)
        try harness.connection.connect()
        var hasAsked = false
        try harness.pump("the end", seconds: 30) { harness in
            if harness.connection.isConnected, !hasAsked {
                hasAsked = true
                // Each may find that the connection has ended.
                _ = try? harness.connection.subscribe(["a/#"])
                for _ in 0..<3 { _ = try? harness.connection.publish(topic: "a/b", payload: [1]) }
                harness.connection.flush()
            }
            return !harness.connection.isOpen && harness.end != nil
        }
        return harness.end
    }

    @Test func `An unknown property ends the connection, not the process`() throws {
        let connack = try ScriptedBroker(replies: [[0x20, 5, 0, 0, 2, 0xFF, 1]])
        #expect(try visit(publisherOptions(port: connack.port))?.code == .protocolViolation)
        let publish = try ScriptedBroker(replies: [PacketInspectorTests.connack + [0x30, 7, 0, 1, 0x61, 3, 0xFF, 1, 0]])
        #expect(try visit(publisherOptions(port: publish.port))?.code == .protocolViolation)
    }

    @Test func `An unknown property over TLS ends the connection, not the process`() throws {
        let authority = try CertificateAuthority()
        let port = try freePort()
        let bytes = authority.file("bytes")
        try Data(PacketInspectorTests.connack + PacketInspectorTests.publish + [0x30, 7, 0, 1, 0x61, 3, 0xFF, 1, 0])
            .write(to: URL(fileURLWithPath: bytes))
        // Sends the file to every client.
        let server = try ChildProcess(
            "/usr/bin/openssl",
            [
                "s_server", "-quiet", "-accept", "127.0.0.1:\(port)", "-cert", authority.file("server.pem"), "-key",
                authority.file("server.key"),
            ], input: bytes, log: authority.file("log"))
        defer { withExtendedLifetime(server) {} }
        var options = publisherOptions(port: port)
        options.broker.tls = BrokerAddress.TLS(caFile: authority.file("ca.pem"))
        let harness = try Harness(options)
        try waitUntil("openssl listens", seconds: 10) { (try? harness.connection.connect()) != nil }
        try harness.pump("the end", seconds: 30) { $0.end != nil }
        #expect(harness.end?.code == .protocolViolation)
    }

    @Test(arguments: [UInt64(1), 2, 3])
    func `Whatever a broker sends, the process survives and its memory stays`(seed: UInt64) throws {
        let rounds = 150
        let broker = try ScriptedBroker { connection in
            var random = Random(state: seed << 32 | UInt64(connection))
            return [connection == rounds ? PacketInspectorTests.connack : random.conversation(), []]
        }
        let before = peakMemory()
        for round in 0..<rounds {
            var options = publisherOptions(port: broker.port, version: round % 3 == 0 ? .v311 : .v5)
            options.acknowledgement = round % 2 == 0 ? .immediate : .whenFlushed
            // Some fall silent after a while.
            options.connectTimeoutSeconds = 1
            options.silence = BrokerSilenceLimits(askAfter: .seconds(1), end: .seconds(2))
            #expect(throws: Never.self, "seed \(seed), round \(round)") { _ = try visit(options) }
        }
        let harness = try Harness(publisherOptions(port: broker.port))
        try harness.connect()
        #expect(peakMemory() - before < 128 << 20)
    }

    @Test func `A connection that has ended wakes nobody, however it ended`() throws {
        var silent = publisherOptions(port: try ScriptedBroker(replies: []).port)
        silent.connectTimeoutSeconds = 1
        let brokers = try [
            // The broker accepts and stays silent, closes, sends another protocol, or refuses.
            ScriptedBroker(replies: []), ScriptedBroker(replies: [[]]), ScriptedBroker(replies: [[0x58, 0x59]]),
            ScriptedBroker(replies: [[0x20, 3, 0, 0x88, 0]]),
            ScriptedBroker(replies: [PacketInspectorTests.connack + [0xE0, 1, 0x8B]]),
        ]
        for broker in brokers {
            silent.broker.port = broker.port
            let harness = try Harness(silent)
            try harness.connection.connect()
            try harness.pump("the end", seconds: 20) { $0.end != nil }
            // As a loop does while it waits for its next attempt: each poll takes its full time.
            for _ in 0..<5 {
                let result = harness.connection.poll(timeoutMilliseconds: 20, wake: nil)
                #expect(!result.isReadable && !result.hasEnded && !result.isWoken)
            }
        }
    }

    @Test func `A client with a silent broker uses no processor time while it waits`() async throws {
        let attempts = Atomic(0)
        let broker = try ScriptedBroker { connection in
            attempts.wrappingAdd(1, ordering: .relaxed)
            return connection == 0 ? [PacketInspectorTests.connack, []] : []
        }
        var options = publisherOptions(port: broker.port)
        options.connectTimeoutSeconds = 1
        let client = try MQTTClient(options)
        try await client.start()
        try client.enqueue(OutgoingMessage(topic: "a", payload: []))
        // The broker closes. The client retries and gets no answer, for at least a second each time.
        let before = processorMilliseconds()
        try waitUntil("it has tried again and again", seconds: 60) { attempts.load(ordering: .relaxed) >= 4 }
        #expect(processorMilliseconds() - before < 1_000, "of more than 2,000 ms")
        await client.stop()
    }

    private func peakMemory() -> Int {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return usage.ru_maxrss * 1_024
    }

    private func processorMilliseconds() -> Int {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return time.tv_sec * 1_000 + time.tv_nsec / 1_000_000
    }
}

/// Makes bytes that a broker might send, from a seed.
private struct Random: RandomNumberGenerator {
    var state: UInt64

    /// SplitMix64.
    mutating func next() -> UInt64 {
        state = state &+ 0x9e37_79b9_7f4a_7c15
        var value = state
        value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
        return value ^ (value >> 31)
    }

    private mutating func below(_ limit: Int) -> Int { Int.random(in: 0..<limit, using: &self) }
    private mutating func bytes(_ limit: Int) -> [UInt8] {
        (0..<below(limit)).map { _ in UInt8.random(in: 0...255, using: &self) }
    }

    mutating func conversation() -> [UInt8] {
        var sent: [UInt8] = below(8) == 0 ? [] : below(2) == 0 ? PacketInspectorTests.connack : [0x20, 2, 0, 0]
        for _ in 0..<below(6) { sent += packet() }
        return sent.isEmpty ? bytes(200) + [0] : sent
    }

    private mutating func packet() -> [UInt8] {
        var packet = PacketInspectorTests.sound[below(PacketInspectorTests.sound.count)]
        switch below(10) {
        case 0: return bytes(64)
        case 1: packet[below(packet.count)] = UInt8.random(in: 0...255, using: &self)
        case 2: packet.removeLast(below(packet.count))
        case 3: packet.insert(UInt8.random(in: 0...255, using: &self), at: below(packet.count))
        case 4: packet[0] = UInt8.random(in: 0...255, using: &self)
        case 5: packet = [packet[0], 0xFF, 0xFF, 0xFF, UInt8(below(256))] + bytes(64)
        case 6:
            // Any property in any packet, in a well-formed list.
            let property = [UInt8(below(256))] + bytes(8)
            let body: [UInt8] = [0, 1, 0x61, UInt8(property.count)] + property
            packet = [0x30, UInt8(body.count)] + body
        case 7:
            let property = [UInt8(below(256))] + bytes(8)
            let body: [UInt8] = [0, UInt8(below(4)), UInt8(below(256)), UInt8(property.count)] + property
            packet = [UInt8([0x20, 0x40, 0x90, 0xB0, 0xE0, 0xF0][below(6)]), UInt8(body.count)] + body
        case 8: packet = [UInt8(0x30 | below(16)), 7, 0, 2, UInt8(below(256)), UInt8(below(256)), 0, 1, 0]
        default: break
        }
        return packet
    }
}
