import ConveyRuntime
import Foundation
import JournalPort
import Logging
import MQTTTransport
import SQLiteJournal
import Signals
import TestSupport
import Testing

/// A runtime in this process; the commits of its last shard can be blocked.
private final class HangingShard {
    static let clientID = "convey-hangs"
    private static let partitions = 16

    let broker: MosquittoProcess
    let gate: CommitGate
    let runtime: Runtime
    private let directory: String

    /// - Parameter shards: one or two.
    init(shards: Int) throws {
        broker = try MosquittoProcess(configuration: ["max_inflight_messages 6000"])
        let name = "convey-hangs-\(UUID().uuidString)"
        directory = FileManager.default.temporaryDirectory.appendingPathComponent(name).path
        gate = CommitGate(file: "/\(name)/" + (shards == 1 ? "journal.db" : "journal-1.db"))
        let store = SQLiteStore(
            directory: directory, newLayout: JournalLayout(partitions: Self.partitions, shards: shards))
        let session = BrokerSession(
            broker: BrokerAddress(host: "127.0.0.1", port: broker.port), version: .v5, clientID: Self.clientID,
            sessionExpirySeconds: 3_600, root: "conv", node: "hangs")
        var settings = RuntimeSettings(session: session, version: "test")
        settings.ingressReadsAhead = true
        runtime = try Runtime(
            settings: settings, store: store, handlers: [:],
            logger: Logger(label: "hangs") { _ in SwiftLogNoOpLogHandler() },
            batchDeadline: { [gate] in gate.batchDeadline() })
    }

    deinit {
        try? FileManager.default.removeItem(atPath: directory)  // Only temporary files would remain.
    }

    /// A note for the conversation of a shard.
    static func note(shard: Int, _ number: Int) -> OwnSignal {
        let subjects = (0...).lazy.map { "talk-\($0)" }
        let subject = subjects.first { StableHash.partition(of: $0, count: partitions) % 2 == shard } ?? ""
        return OwnSignal(
            subject: subject, source: "/test", id: "n\(number)", type: "conv.in.note.taken", content: "\(number)")
    }

    /// Messages for a shard's conversation that the broker has sent to ingress, and how many were acknowledged.
    func delivered(toShard shard: Int) -> (sent: Int, acknowledged: Int) {
        let log = broker.log
        let topic = "'conv/in/\(Self.note(shard: shard, 0).subject)/note/taken'"
        let identifiers = log.split(separator: "\n").compactMap { line -> Substring? in
            guard line.contains("Sending PUBLISH to \(Self.clientID) "), line.contains(topic) else { return nil }
            return line.firstMatch(of: #/, m(\d+), /#)?.1
        }
        let acknowledged = identifiers.filter { log.contains("Received PUBACK from \(Self.clientID) (Mid: \($0),") }
        return (identifiers.count, acknowledged.count)
    }
}

@Suite("A shard that hangs", .timeLimit(.minutes(1)))
struct HangingShardTests {
    @Test("Its messages are not acknowledged, the other shard continues, and each is recorded once when it is back")
    func hang() async throws {
        let field = try HangingShard(shards: 2)
        field.runtime.start()
        let client = try await ReceiptClient(port: field.broker.port)
        defer { field.gate.open() }
        try await eventually("ingress is subscribed") { field.runtime.status.broker == .connected }
        let first = try await client.publish(HangingShard.note(shard: 1, 1))
        #expect(first.status == "recorded")

        field.gate.close()
        let second = try await client.send(HangingShard.note(shard: 1, 2))
        try await eventually("ingress gives up on the shard") { field.gate.hasGivenUp }
        let third = try await client.send(HangingShard.note(shard: 1, 3))
        // The broker sends in order, so both have arrived before this one.
        #expect(try await client.publish(HangingShard.note(shard: 0, 4)).status == "recorded")
        #expect(!client.hasReceipt(for: second) && !client.hasReceipt(for: third))
        #expect(field.delivered(toShard: 1) == (sent: 3, acknowledged: 1))

        // The second was handed over before ingress gave up: the shard commits it now, and recognizes it when it comes
        // again.
        field.gate.open()
        let repeated = try await client.receipt(for: second)
        let withheld = try await client.receipt(for: third)
        #expect(repeated.status == "duplicate")
        #expect(withheld.status == "recorded")
        #expect(try #require(first.offset) < #require(repeated.offset))
        #expect(try #require(repeated.offset) < #require(withheld.offset))
        try await eventually("everything is acknowledged") {
            let (sent, acknowledged) = field.delivered(toShard: 1)
            return sent == acknowledged
        }
        await client.stop()
        await field.runtime.stop(deadline: .seconds(10))
    }

    @Test("During a batch's commit the next one is read, and neither is acknowledged before its commit")
    func readingAhead() async throws {
        let field = try HangingShard(shards: 1)
        field.runtime.start()
        let client = try await ReceiptClient(port: field.broker.port)
        defer { field.gate.open() }
        try await eventually("ingress is subscribed") { field.runtime.status.broker == .connected }
        #expect(try await client.publish(HangingShard.note(shard: 0, 1)).status == "recorded")
        let read = field.runtime.metrics.counters.receivedBytes

        field.gate.close()
        let second = try await client.send(HangingShard.note(shard: 0, 2))
        try await eventually("the second is read") { field.runtime.metrics.counters.receivedBytes > read }
        let half = field.runtime.metrics.counters.receivedBytes
        let third = try await client.send(HangingShard.note(shard: 0, 3))
        try await eventually("the third is read") { field.runtime.metrics.counters.receivedBytes > half }
        #expect(field.delivered(toShard: 0) == (sent: 3, acknowledged: 1))

        field.gate.open()
        let offsets = [try await client.receipt(for: second).offset, try await client.receipt(for: third).offset]
        #expect(try #require(offsets[0]) < #require(offsets[1]))
        try await eventually("both are acknowledged") { field.delivered(toShard: 0) == (sent: 3, acknowledged: 3) }
        await client.stop()
        await field.runtime.stop(deadline: .seconds(10))
    }
}
