import Foundation
import MQTTTransport
import TestSupport
import Testing

@Suite("Protocol")
struct ProtocolTests {
    @Test("MQTT 3.1.1 works: answered, session kept over a kill, nothing lost", .timeLimit(.minutes(1)))
    func version311() async throws {
        let deployment = try Deployment(["--mqtt-version", "3.1.1", "--llm-echo-delay", "1ms"])
        try await deployment.start()
        let listener = try await deployment.listener()
        let client = try MQTTClient(
            MQTTOptions(
                broker: BrokerAddress(host: "127.0.0.1", port: deployment.broker.port), clientID: "old", version: .v311)
        )
        try await client.start()
        try await client.publish(topic: "conv/in/old/message/received", payload: Array(#"{"content":"one two"}"#.utf8))
        let answer = try await listener.first("the answer") { $0.type == "conv.out.assistant.completed" }
        #expect(answer.data("content") == "one two")

        deployment.kill()
        for number in 0..<20 {
            try await client.publish(
                topic: "conv/in/away-\(number)/message/received", payload: Array(#"{"content":"away"}"#.utf8))
        }
        try await deployment.start()
        try await eventually("20 answers") {
            (0..<20).allSatisfy { number in
                listener.distinct("away-\(number)").contains { $0.type == "conv.out.assistant.completed" }
            }
        }
        #expect(deployment.metric("convey_broker_sessions_lost_total") == 0)
        let journal = try JournalFile(deployment.journal)
        try await eventually("at rest") { try JournalAudit.isAtRest(journal) }
        try JournalAudit.expectSound(journal, isAtRest: true)
        #expect(deployment.broker.log.contains(" as convey-e2e (p2, c0"), "3.1.1 with a persistent session")
        await client.stop()
        await listener.stop()
    }

    @Test("A binary envelope's attributes are its user properties", .timeLimit(.minutes(1)))
    func binaryMode() async throws {
        let deployment = try Deployment(["--llm-echo-delay", "0ms"])
        try await deployment.start()
        let listener = try await deployment.listener()
        let client = try await ReceiptClient(deployment)
        let traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
        let receipt = try await client.publish(
            topic: "conv/in/binary", payload: Array(#"{"content":"hi","message_id":"m1","ingress":"bridge"}"#.utf8),
            contentType: "application/json",
            userProperties: [
                ("specversion", "1.0"), ("id", "b1"), ("source", "/bridge"), ("type", "conv.in.message.received"),
                ("subject", "binary"), ("time", "2026-01-02T03:04:05Z"), ("traceparent", traceparent),
                ("tenant", "acme"),
            ])
        #expect(receipt == Receipt(status: "recorded", id: "b1", offset: 1))
        #expect(receipt.subject == "binary")
        #expect(receipt.correlation == "message 1")
        let answer = try await listener.first("the answer") { $0.type == "conv.out.assistant.completed" }
        #expect(answer.data("content") == "hi")
        let journal = try JournalFile(deployment.journal)
        #expect(
            try journal.rows("SELECT id, source, type, time, traceparent, data FROM journal WHERE offset = 1") == [
                [
                    "b1", "/bridge", "conv.in.message.received", "2026-01-02T03:04:05Z", traceparent,
                    #"{"content":"hi","message_id":"m1","ingress":"bridge"}"#,
                ]
            ])
        #expect(try journal.texts("SELECT extensions FROM journal WHERE id = 'b1'")[0].contains(#""tenant":"acme""#))
        await client.stop()
        await listener.stop()
    }

    @Test("Every subject is returned unchanged, in one percent-encoded topic level", .timeLimit(.minutes(1)))
    func subjects() async throws {
        let deployment = try Deployment(["--llm-echo-delay", "0ms"])
        try await deployment.start()
        let listener = try await deployment.listener()
        let client = try await deployment.client()
        let printable = (0x20...0x7e).map { "a\(Character(Unicode.Scalar(UInt8($0))))b" }
        let others = [
            "project/p 1/conversation/c%2F2", "ünïcödé", "e\u{301}", "\u{e9}", "日本語", "👩‍👩‍👧", "..", ".", "~", "%", "%2F",
            "+", "#",
            "$SYS", String(repeating: "ß", count: 128),
        ]
        let subjects = printable + others
        try await client.publishMany(
            subjects.map {
                OutgoingMessage(
                    topic: "conv/in/\(Self.encoded($0))/message/received", payload: Array(#"{"content":"hi"}"#.utf8))
            })
        let answered = "conv.out.assistant.completed"
        try await eventually("\(subjects.count) answers") {
            Set(listener.events.filter { $0.type == answered }.map { Array($0.subject.utf8) }).count >= subjects.count
        }
        let topics = Dictionary(
            listener.events.filter { $0.type == answered }.map { (Array($0.subject.utf8), $0.topic) }
        ) { one, _ in one }
        for subject in subjects {
            #expect(topics[Array(subject.utf8)] == "conv/out/\(Self.encoded(subject))/assistant/completed")
        }
        await client.stop()
        await listener.stop()
    }

    /// docs/PROTOCOL.md, "Topics": bytes other than `A-Z a-z 0-9 - . _ ~ : @` become `%XX`.
    private static func encoded(_ subject: String) -> String {
        let plain = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~:@".utf8)
        return subject.utf8.map { plain.contains($0) ? String(UnicodeScalar($0)) : String(format: "%%%02X", $0) }
            .joined()
    }
}
