import Foundation
import Glibc
import MQTTTransport
import TestSupport
import Testing

@Suite("Shutdown")
struct ShutdownTests {
    @Test(
        "SIGTERM stops a streaming answer without an end; the next start begins it again and ends it once",
        .timeLimit(.minutes(1)))
    func interruptedStream() async throws {
        let deployment = try Deployment(["--llm-echo-delay", "100ms"])
        try await deployment.start()
        let listener = try await deployment.listener()
        let client = try await deployment.client()
        let text = (1...15).map { "word\($0)" }.joined(separator: " ")
        let signal = OwnSignal(
            subject: "stream", source: "/test", id: "m", type: "conv.in.message.received", content: text)
        try await client.publishMany([signal.message])
        _ = try await listener.first("a delta") { $0.type == "conv.out.assistant.delta" }

        let began = ContinuousClock.now
        #expect(try await deployment.terminate() == .exited(0))
        #expect(ContinuousClock.now - began < .seconds(5), "a stop does not wait for the answer's end")
        #expect(!listener.events.contains { $0.type == "conv.out.assistant.completed" })

        try await deployment.start()
        let completed = try await listener.first("the answer") { $0.type == "conv.out.assistant.completed" }
        #expect(completed.data("content") == text)
        let journal = try JournalFile(deployment.journal)
        try await eventually("at rest") { try JournalAudit.isAtRest(journal) }
        try JournalAudit.expectSound(journal, isAtRest: true)
        let attempts = try journal.texts(
            """
            SELECT json_extract(data, '$.attempt') FROM journal
            WHERE type IN ('conv.effect.llm.generation.started', 'conv.effect.llm.generation.completed') ORDER BY position
            """)
        #expect(attempts == ["1", "2", "2"])
        // A consumer that starts over with each attempt has the text.
        let deltas = listener.distinct("stream").filter { $0.type == "conv.out.assistant.delta" }
        let second = deltas.filter { $0.data("attempt", as: Int.self) == 2 }.compactMap { $0.data("delta") }
        #expect(second.joined() == text)
        await client.stop()
        await listener.stop()
    }

    @Test(
        "The status topic says online while it serves, offline after a stop and after a crash", .timeLimit(.minutes(1)))
    func status() async throws {
        let deployment = try Deployment()
        let listener = try await deployment.listener(["conv/status/#"])
        func waitFor(_ status: String, _ count: Int) async throws {
            try await eventually("\(status) as message \(count)") {
                let messages = listener.strays
                return messages.count == count
                    && String(decoding: messages[count - 1].payload, as: UTF8.self).contains("\"\(status)\"")
            }
            #expect(listener.strays.allSatisfy { $0.topic == "conv/status/e2e" })
        }
        try await deployment.start()
        try await waitFor("online", 1)
        #expect(try await deployment.terminate() == .exited(0))
        try await waitFor("offline", 2)
        try await deployment.start()
        try await waitFor("online", 3)
        deployment.kill()
        try await waitFor("offline", 4)
        // Retained, so that later subscribers get it, too.
        let late = try await deployment.listener(["conv/status/#"])
        try await eventually("the retained status") { late.strays.count == 1 && late.strays[0].isRetained }
        await listener.stop()
        await late.stop()
    }
}

extension UnderLoad {
    @Suite("Stopped Convey")
    struct StoppedProcessTests {
        @Test(
            "SIGTERM under load exits with 0 within the shutdown timeout, and a restart continues",
            .timeLimit(.minutes(2)))
        func stopsUnderLoad() async throws {
            let generator = SeededGenerator.announced("stopsUnderLoad")
            let deployment = try Deployment(["--llm-echo-delay", "1ms", "--shutdown-timeout", "10s"])
            try await deployment.start()
            let listener = try await deployment.listener()
            let load = Load(Load.Settings(), listener: listener)
            let port = deployment.broker.port
            async let publishing: Void = load.run(port: port, generator: generator)
            for _ in 0..<3 {
                let events = listener.count + 1_000
                try await eventually("\(events) events", seconds: 60) { listener.count >= events }
                let began = ContinuousClock.now
                #expect(try await deployment.terminate() == .exited(0))
                #expect(ContinuousClock.now - began < .seconds(12))
                // Drained: everything committed is published, and everything recorded is applied.
                let journal = try JournalFile(deployment.journal)
                #expect(try journal.number(Self.unpublished) == 0)
                try JournalAudit.expectSound(journal, isAtRest: false)
                try await deployment.start()
            }
            load.stop()
            try await publishing
            try await LoadAudit.waitUntilSettled(deployment, load, listener)
            #expect(try await deployment.terminate() == .exited(0))
            #expect(try LoadAudit.findings(JournalFile(deployment.journal), load, listener) == [])
            await listener.stop()
        }

        /// Events after the cursor of the broker's acknowledgements.
        private static let unpublished = """
            SELECT count(*) FROM journal WHERE (id IS NULL OR type NOT LIKE 'conv.in.%')
            AND position > (SELECT position FROM cursors WHERE name = 'outbox')
            """
    }
}
