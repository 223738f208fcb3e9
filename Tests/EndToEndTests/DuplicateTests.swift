import Foundation
import MQTTTransport
import TestSupport
import Testing

@Suite("Duplicates")
struct DuplicateTests {
    @Test(
        "A signal delivered five times, over a restart and a kill, is recorded once, and its receipts have its offset",
        .timeLimit(.minutes(2)))
    func recordedOnce() async throws {
        let deployment = try Deployment()
        try await deployment.start()
        let client = try await ReceiptClient(deployment)
        let signal = OwnSignal(
            subject: "twice", source: "/test", id: "once", type: "conv.in.note.taken", content: "a note")
        var other = signal

        #expect(try await client.publish(signal) == Receipt(status: "recorded", id: "once", offset: 1))
        #expect(try await client.publish(signal) == Receipt(status: "duplicate", id: "once", offset: 1))
        #expect(try await deployment.terminate() == .exited(0))
        try await deployment.start()
        #expect(try await client.publish(signal) == Receipt(status: "duplicate", id: "once", offset: 1))
        deployment.kill()
        try await deployment.start()
        #expect(try await client.publish(signal) == Receipt(status: "duplicate", id: "once", offset: 1))
        #expect(try await client.publish(signal) == Receipt(status: "duplicate", id: "once", offset: 1))

        // Identity is subject, source and id: a change of any one makes another signal.
        other = OwnSignal(subject: "twice", source: "/else", id: "once", type: signal.type, content: "a note")
        #expect(try await client.publish(other).status == "recorded")
        other = OwnSignal(subject: "else", source: "/test", id: "once", type: signal.type, content: "a note")
        #expect(try await client.publish(other).status == "recorded")
        other = OwnSignal(subject: "twice", source: "/test", id: "another", type: signal.type, content: "a note")
        #expect(try await client.publish(other).status == "recorded")

        let journal = try JournalFile(deployment.journal)
        try await eventually("at rest") { try JournalAudit.isAtRest(journal) }
        #expect(try journal.number("SELECT count(*) FROM journal WHERE id = 'once'") == 3)
        try JournalAudit.expectSound(journal, isAtRest: true)
        #expect(deployment.metric("convey_signals_duplicate_total") == 2)
        await client.stop()
    }
}

extension UnderLoad {
    @Suite("Duplicates after a checkpoint")
    struct CheckpointTests {
        /// Each signal has a marker: two records. A checkpoint begins every 16,384 records and is complete after half
        /// as many more. The second one is complete after 40,960 records.
        private static let signals = 22_000

        @Test(
            "A signal from before a checkpoint is still a duplicate, before and after a restart",
            .timeLimit(.minutes(3)))
        func knownAfterCheckpoint() async throws {
            let deployment = try Deployment()
            try await deployment.start()
            let client = try await ReceiptClient(deployment)
            let first = Self.signal(0)
            #expect(try await client.publish(first) == Receipt(status: "recorded", id: first.id, offset: 1))
            let publisher = try await deployment.client()
            for start in stride(from: 1, to: Self.signals, by: 1_000) {
                try await publisher.publishMany((start..<(start + 1_000)).map { Self.signal($0).message })
            }
            let journal = try JournalFile(deployment.journal)
            try await eventually("a checkpoint; \(deployment.readiness)", seconds: 100) {
                try journal.number("SELECT position FROM cursors WHERE name = 'checkpoint'") > 32_000
            }
            #expect(try await client.publish(first) == Receipt(status: "duplicate", id: first.id, offset: 1))
            deployment.kill()
            try await deployment.start()
            #expect(try await client.publish(first) == Receipt(status: "duplicate", id: first.id, offset: 1))
            try await eventually("at rest", seconds: 60) { try JournalAudit.isAtRest(journal) }
            try JournalAudit.expectSound(journal, isAtRest: true)
            await publisher.stop()
            await client.stop()
        }

        private static func signal(_ number: Int) -> OwnSignal {
            OwnSignal(
                subject: "checkpoint-\(number % 20)", source: "/test", id: "c\(number)", type: "conv.in.note.taken",
                content: "")
        }
    }
}
