import Foundation
import MQTTTransport
import TestSupport
import Testing

/// Events that a broker does not accept: they must not block the others.
@Suite("Poison events")
struct PoisonEventTests {
    /// Larger than the broker accepts, and short enough for Convey.
    private static let large = #"{"content":"\#(String(repeating: "word ", count: 2_000))"}"#

    @Test(
        "An event at which the broker ends the connection is set aside with an audit signal, and the rest continues",
        .timeLimit(.minutes(2)),
        // A 3.1.1 broker does not announce its limits: it ends the connection.
        arguments: ["5", "3.1.1"])
    func setAside(version: String) async throws {
        let deployment = try Deployment(
            ["--mqtt-version", version, "--llm-echo-delay", "0ms"],
            brokerConfiguration: Deployment.brokerConfiguration + ["max_packet_size 4096"])
        try await deployment.start()
        let listener = try await deployment.listener()
        let client = try await deployment.client()
        // Its marker, which carries the signal, and its answer's end are too large for the broker.
        let posted = httpPost(
            "/v1/conversations/large/signals?type=conv.in.message.received", body: Self.large, port: deployment.httpPort
        )
        #expect(posted?.status == 201)
        try await client.publish(
            topic: "conv/in/small/message/received", payload: Array(#"{"content":"one two"}"#.utf8))
        _ = try await listener.first("the other answer", seconds: 60) {
            $0.subject == "small" && $0.type == "conv.out.assistant.completed"
        }
        let journal = try JournalFile(deployment.journal)
        try await eventually("everything is published or told of", seconds: 60) {
            try JournalAudit.isAtRest(journal) && deployment.metric("convey_outbox_lag") == 0
        }
        try await eventually("the marker is told of") {
            listener.distinct("_").contains { $0.data("event_type") == "conv.applied.event.applied" }
        }
        let notices = listener.distinct("_").filter { $0.type == "conv.audit.outbox.set_aside" }
        #expect(notices.allSatisfy { $0.data("event_subject") == "large" })
        #expect(deployment.metric("convey_events_set_aside_total") == Double(notices.count))

        // A restart does not start again with it.
        #expect(try await deployment.terminate() == .exited(0))
        try await deployment.start()
        try await client.publish(topic: "conv/in/after/message/received", payload: Array(#"{"content":"x"}"#.utf8))
        _ = try await listener.first("an answer after the restart") {
            $0.subject == "after" && $0.type == "conv.out.assistant.completed"
        }
        #expect(deployment.metric("convey_events_set_aside_total") == 0)
        try JournalAudit.expectSound(journal, isAtRest: false)
        await client.stop()
        await listener.stop()
    }

    @Test("A network that breaks repeatedly loses no event", .timeLimit(.minutes(2)))
    func brokenNetwork() async throws {
        let deployment = try Deployment(["--llm-echo-delay", "0ms"])
        let relay = try TCPRelay(to: deployment.broker.port)
        deployment.brokerPort = relay.port
        try await deployment.start()
        let listener = try await deployment.listener()
        let client = try await deployment.client()
        relay.hold(true, .fromClient)
        try await client.publish(topic: "conv/in/held/message/received", payload: Array(#"{"content":"x"}"#.utf8))
        let journal = try JournalFile(deployment.journal)
        try await eventually("it waits") { try journal.number("SELECT count(*) FROM journal") > 3 }
        for _ in 0..<6 {
            relay.cut()
            let connections = relay.connections
            try await eventually("connected again") { relay.connections > connections }
        }
        // After a start the lag is known before anything is published.
        deployment.kill()
        try deployment.launch()
        try await eventually("the lag is known") { deployment.metric("convey_outbox_lag") > 0 }
        relay.cut()
        relay.hold(false, .fromClient)
        _ = try await listener.first("the answer", seconds: 30) { $0.type == "conv.out.assistant.completed" }
        #expect(deployment.metric("convey_events_set_aside_total") == 0)
        await client.stop()
        await listener.stop()
        relay.stop()
    }
}
