import Foundation
import MQTTTransport
import TestSupport
import Testing

@Suite("First minute")
struct FirstMinuteTests {
    @Test(
        "A bare {\"content\":…} is answered in deltas that make up the text, whatever its QoS", .timeLimit(.minutes(1)),
        arguments: [0, 1])
    func bareMessage(qos: Int) async throws {
        let deployment = try Deployment(["--llm-echo-delay", "1ms"])
        try await deployment.start()
        let listener = try await deployment.listener()
        try publishWithMosquitto(
            topic: "conv/in/chat-42/message/received", message: #"{"content":"hi there, who are you?"}"#, qos: qos,
            port: deployment.broker.port)

        let completed = try await listener.first("the answer") { $0.type == "conv.out.assistant.completed" }
        #expect(completed.data("content") == "hi there, who are you?")
        let journal = try JournalFile(deployment.journal)
        try await eventually("at rest") { try JournalAudit.isAtRest(journal) }
        try JournalAudit.expectSound(journal, isAtRest: true)
        let total = try journal.number("SELECT count(*) FROM journal WHERE id IS NULL OR type NOT LIKE 'conv.in.%'")
        try await eventually("all events came") { listener.distinctCount == total }

        let events = listener.distinct("chat-42")
        let deltas = events.filter { $0.type == "conv.out.assistant.delta" }.compactMap { $0.data("delta") }
        #expect(deltas.joined() == "hi there, who are you?")
        #expect(deltas.count == 5)
        // Every event of every family but the markers' own has its marker.
        let marked = Set(events.filter { $0.family == "applied" }.compactMap { $0.data("applied_event_id") })
        #expect(events.filter { $0.family != "applied" }.allSatisfy { marked.contains($0.id) })
        #expect(Set(events.map(\.topic)).contains("conv/out/chat-42/assistant/completed"))
        let accepted = events.first { $0.data("original_type") == "conv.in.message.received" }
        let signal = try #require(accepted?.data("signal", as: [String: Any].self))
        let data = try #require(signal["data"] as? [String: Any])
        #expect(data["ingress"] as? String == "mqtt")
        #expect(data["message_id"] as? String == signal["id"] as? String)
        #expect(signal["source"] as? String == "/mqtt/chat-42")
        await listener.stop()
    }

    private func publishWithMosquitto(topic: String, message: String, qos: Int, port: Int) throws {
        let publisher = Process()
        publisher.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        publisher.arguments = [
            "mosquitto_pub", "-h", "127.0.0.1", "-p", "\(port)", "-q", "\(qos)", "-t", topic, "-m", message,
        ]
        try publisher.run()
        publisher.waitUntilExit()
        #expect(publisher.terminationStatus == 0)
    }
}

@Suite("Aborts")
struct AbortTests {
    private static let controls = ["abort_requested", "stop_requested", "cancel_requested"]
    private static let text = (1...200).map { "word\($0)" }.joined(separator: " ")

    private static func message(_ subject: String) -> OutgoingMessage {
        OutgoingMessage(
            topic: "conv/in/\(subject)/message/received", payload: Array(#"{"content":"\#(text)"}"#.utf8))
    }

    private static func abort(_ subject: String, _ control: String = "abort_requested") -> OutgoingMessage {
        OutgoingMessage(topic: "conv/in/\(subject)/control/\(control)", payload: Array("{}".utf8))
    }

    @Test(
        "An abort ends a streaming answer: canceled with the text so far, no delta after it, one end",
        .timeLimit(.minutes(1)), arguments: controls)
    func whileStreaming(control: String) async throws {
        let deployment = try Deployment(["--llm-echo-delay", "30ms"])
        try await deployment.start()
        let listener = try await deployment.listener()
        let client = try await deployment.client()
        try await client.publishMany([Self.message("chat")])
        try await eventually("three deltas") {
            listener.distinct("chat").count { $0.type == "conv.out.assistant.delta" } >= 3
        }
        try await client.publishMany([Self.abort("chat", control)])

        let canceled = try await listener.first("canceled") { $0.type == "conv.effect.llm.generation.canceled" }
        let journal = try JournalFile(deployment.journal)
        try await eventually("at rest") { try JournalAudit.isAtRest(journal) }
        try await eventually("all events came") {
            listener.distinctCount
                == (try journal.number("SELECT count(*) FROM journal WHERE id IS NULL OR type NOT LIKE 'conv.in.%'"))
        }
        try JournalAudit.expectSound(journal, isAtRest: true)
        let deltas = listener.distinct("chat").filter { $0.type == "conv.effect.llm.generation.progress" }
        let streamed = deltas.compactMap { $0.data("delta") }.joined()
        #expect(canceled.data("content") == streamed)
        #expect(!streamed.isEmpty && Self.text.hasPrefix(streamed) && streamed != Self.text)
        #expect(deltas.allSatisfy { $0.offset < canceled.offset }, "a delta was recorded after the end")
        #expect(!listener.events.contains { $0.type == "conv.out.assistant.completed" })
        #expect(deployment.metric("convey_effects_open") == 0)

        // The conversation continues: an abort ends open effects, not later ones.
        try await client.publishMany([
            OutgoingMessage(topic: "conv/in/chat/message/received", payload: Array(#"{"content":"again"}"#.utf8))
        ])
        let answer = try await listener.first("an answer") { $0.type == "conv.out.assistant.completed" }
        #expect(answer.data("content") == "again")
        await client.stop()
        await listener.stop()
    }

    @Test("An abort published right behind its message overtakes it: the answer is canceled", .timeLimit(.minutes(1)))
    func rightBehind() async throws {
        let deployment = try Deployment(["--llm-echo-delay", "20ms"])
        try await deployment.start()
        let listener = try await deployment.listener()
        let client = try await deployment.client()
        let subjects = (0..<40).map { "chat-\($0)" }
        try await client.publishMany(subjects.flatMap { [Self.message($0), Self.abort($0)] })
        let journal = try JournalFile(deployment.journal)
        try await eventually("at rest", seconds: 30) {
            try journal.number("SELECT count(*) FROM journal WHERE type LIKE 'conv.in.%'") == 80
                && JournalAudit.isAtRest(journal)
        }
        try JournalAudit.expectSound(journal, isAtRest: true)
        let ends = try journal.rows(
            """
            SELECT type, count(*) FROM journal WHERE type LIKE 'conv.effect.%'
            AND (type LIKE '%.completed' OR type LIKE '%.canceled' OR type LIKE '%.failed') GROUP BY 1
            """)
        #expect(ends == [["conv.effect.llm.generation.canceled", "40"]])
        await client.stop()
        await listener.stop()
    }
}
