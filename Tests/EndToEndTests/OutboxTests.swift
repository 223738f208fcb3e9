import MQTTTransport
import TestSupport
import Testing

@Suite("Outbox")
struct OutboxTests {
    @Test(
        "The cursor does not pass an unacknowledged event, which is published again after a kill",
        .timeLimit(.minutes(1)))
    func publishedAgain() async throws {
        let deployment = try Deployment(["--llm-echo-delay", "0ms"])
        let relay = try TCPRelay(to: deployment.broker.port)
        deployment.brokerPort = relay.port
        try await deployment.start()
        let listener = try await deployment.listener()
        let client = try await deployment.client()
        let journal = try JournalFile(deployment.journal)

        // Signals come in, but nothing sent by Convey reaches the broker.
        relay.hold(true, .fromClient)
        let message = OwnSignal(
            subject: "held", source: "/test", id: "m", type: "conv.in.message.received", content: "one two")
        try await client.publishMany([message.message])
        try await eventually("it is answered in the journal") {
            try journal.number("SELECT count(*) FROM journal WHERE type = 'conv.out.assistant.completed'") == 1
        }
        // A commit of its own carries the cursor: if the cursor had moved, this commit would save it.
        for number in 0..<20 {
            let note = OwnSignal(
                subject: "held", source: "/test", id: "n\(number)", type: "conv.in.note.taken", content: "")
            try await client.publishMany([note.message])
            try await eventually("\(note.id) is applied") {
                try journal.number("SELECT count(*) FROM journal WHERE type = 'conv.in.note.taken'") == number + 1
            }
        }
        #expect(try journal.number("SELECT position FROM cursors WHERE name = 'outbox'") == 0)
        #expect(listener.count == 0)
        deployment.kill()
        relay.cut()
        try await eventually("the broker has lost the held connections") {
            deployment.broker.log.contains("Client convey-e2e-out closed its connection")
        }
        relay.hold(false, .fromClient)

        try await deployment.start()
        try await eventually("at rest") { try JournalAudit.isAtRest(journal) }
        try JournalAudit.expectSound(journal, isAtRest: true)
        let events = try journal.number("SELECT count(*) FROM journal WHERE id IS NULL OR type NOT LIKE 'conv.in.%'")
        try await eventually("all \(events) events came") { listener.distinctCount == events }
        await client.stop()
        await listener.stop()
        relay.stop()
    }
}
