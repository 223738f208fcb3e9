import Foundation
import MQTTTransport
import TestSupport
import Testing

@Suite("Acknowledgement")
struct AcknowledgementTests {
    private static let count = 300

    /// Convey behind a relay, so that its bytes can be counted.
    private static func relayed() async throws -> (Deployment, TCPRelay) {
        let deployment = try Deployment()
        let relay = try TCPRelay(to: deployment.broker.port)
        deployment.brokerPort = relay.port
        try await deployment.start()
        return (deployment, relay)
    }

    private static func publish(_ range: Range<Int>, _ deployment: Deployment) async throws {
        let client = try await deployment.client()
        try await client.publishMany(range.map { signal($0).message })
        await client.stop()
    }

    private static func signal(_ number: Int) -> OwnSignal {
        OwnSignal(
            subject: "ack-\(number % 7)", source: "/test", id: "a\(number)", type: "conv.in.note.taken", content: "")
    }

    @Test("No PUBACK leaves Convey before the commit, and all leave after it", .timeLimit(.minutes(1)))
    func heldBack() async throws {
        let (deployment, relay) = try await Self.relayed()
        let journal = try JournalFile(deployment.journal, canLock: true)
        try await Self.settle(journal)
        let before = relay.count(.puback, .fromClient)

        try journal.lock()
        try await Self.publish(0..<Self.count, deployment)
        try await eventually("the broker has delivered signals") { relay.count(.publish, .fromBroker) >= 1 }
        // Well within the 5 s that Convey waits for the lock: a PUBACK that does not wait would leave within a
        // millisecond.
        let until = ContinuousClock.now + .seconds(2)
        try await eventually("the lock is held for two seconds") {
            try Self.expectNoAcknowledgement(relay, since: before)
            return ContinuousClock.now >= until
        }
        #expect(deployment.isReady)
        try journal.unlock()

        try await eventually("all are acknowledged") { relay.count(.puback, .fromClient) >= before + Self.count }
        // Ingress, outbox, receipts and queries, one each.
        #expect(relay.connections == 4)
        try await Self.expectRecordedOnce(journal)
        relay.stop()
    }

    @Test(
        "A commit that fails acknowledges nothing, drops the connection, and recovers once the journal can be written",
        .timeLimit(.minutes(2)))
    func failedCommit() async throws {
        let (deployment, relay) = try await Self.relayed()
        let journal = try JournalFile(deployment.journal, canLock: true)
        try await Self.settle(journal)
        let (before, connections) = (relay.count(.puback, .fromClient), relay.connections)

        try journal.lock()
        try await Self.publish(0..<Self.count, deployment)
        try await eventually("readiness tells of the failed journal", seconds: 30) {
            try Self.expectNoAcknowledgement(relay, since: before)
            let readiness = deployment.readiness
            return readiness.contains("journal") && readiness.contains("write lock") && !deployment.isReady
        }
        #expect(relay.count(.puback, .fromClient) == before)
        #expect(deployment.metric("convey_commit_failures_total") >= 1)
        try journal.unlock()

        try await deployment.waitUntilReady()
        try await Self.expectRecordedOnce(journal)
        #expect(relay.connections > connections)
        #expect(relay.duplicates(.fromBroker) > 0)
        try await eventually("all are acknowledged") { relay.count(.puback, .fromClient) >= before + Self.count }
        #expect(deployment.log.contains("the journal can be written again"))
        relay.stop()
    }

    /// Waits until Convey has nothing left to write: nothing moves except its own status publish.
    private static func settle(_ journal: JournalFile) async throws {
        try await eventually("at rest") {
            try journal.number("SELECT coalesce(max(position), 0) FROM journal") == 0
        }
    }

    /// Throws instead of recording an issue: repeated calls would record thousands.
    private static func expectNoAcknowledgement(_ relay: TCPRelay, since before: Int) throws {
        let early = relay.count(.puback, .fromClient) - before
        if early > 0 { throw TestSupportError("\(early) PUBACKs left before the commit") }
    }

    private static func expectRecordedOnce(_ journal: JournalFile) async throws {
        try await eventually("all are recorded and applied", seconds: 40) {
            try journal.number("SELECT count(*) FROM journal WHERE id IS NOT NULL") >= Self.count
                && JournalAudit.isAtRest(journal)
        }
        #expect(try journal.number("SELECT count(*) FROM journal WHERE type = 'conv.in.note.taken'") == Self.count)
        try JournalAudit.expectSound(journal, isAtRest: true)
    }
}
