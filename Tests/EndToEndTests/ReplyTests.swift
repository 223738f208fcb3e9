import Foundation
import MQTTTransport
import TestSupport
import Testing

/// Receipts and answers to queries: who gets them, and who can keep them from others.
@Suite("Replies")
struct ReplyTests {
    private static func publish(
        _ client: MQTTClient, to topic: String, _ payload: String = #"{"content":"hi"}"#, respondTo response: String,
        correlation: String = "c"
    ) async throws {
        try await client.publish(
            topic: topic, payload: Array(payload.utf8),
            properties: PublishProperties(correlationData: Array(correlation.utf8), responseTopic: response))
    }

    @Test(
        "A flood of response topics at which the broker disconnects does not block others' receipts and answers",
        .timeLimit(.minutes(2)))
    func flood() async throws {
        let deployment = try Deployment(["--llm-echo-delay", "0ms"])
        try await deployment.start()
        let listener = try await deployment.listener()
        let other = try await ReceiptClient(deployment)
        let attacker = try await deployment.client()
        let deep = "conv/receipt/" + String(repeating: "a/", count: 210) + "z"
        let bad = ["$share/g/x", "$SYS/x", deep, "conv/out/victim/assistant/completed", "replies/me"]
        let flood = Task {
            for round in 0..<20 {
                let messages = (0..<100).map { number in
                    OutgoingMessage(
                        topic: number % 10 == 0 ? "conv/query/x/state" : "conv/in/bad/note/taken",
                        payload: Array("{}".utf8),
                        properties: PublishProperties(
                            correlationData: [1], responseTopic: bad[(round + number) % bad.count]))
                }
                try await attacker.publishMany(messages)
            }
        }
        for number in 0..<10 {
            let receipt = try await other.publish(
                topic: "conv/in/good/message/received", payload: Array("{\"content\":\"answer \(number)\"}".utf8))
            #expect(receipt.status == "recorded")
        }
        try await eventually("ten answers") {
            listener.distinct("good").count { $0.type == "conv.out.assistant.completed" } == 10
        }
        try await flood.value
        try await eventually("all are counted") { deployment.metric("convey_replies_refused_total") >= 2_000 }
        #expect(!deployment.broker.log.contains("Client convey-e2e-out disconnected due to"))
        #expect(deployment.metric("convey_replies_dropped_total") == 0)
        await other.stop()
        await attacker.stop()
        await listener.stop()
    }

    @Test(
        "Under acl.example a client gets its own receipts and answers, and nobody else's",
        .timeLimit(.minutes(2)))
    func forged() async throws {
        let site = try Site(users: ["convey", "host", "kiosk-7", "kiosk-8", "projection"])
        let deployment = site.deployment
        try await deployment.start()
        let everything = try await site.listener("convey-watch", ["conv/receipt/#"], user: "host")
        let kiosk = try await site.client("kiosk-7")
        let host = try await site.client("host")

        // Its own subject: the receipt arrives, at the topic itself and below it.
        for own in ["conv/receipt/kiosk-7", "conv/receipt/kiosk-7/r1"] {
            try await Self.publish(kiosk, to: "conv/in/kiosk-7/message/received", respondTo: own, correlation: own)
        }
        // A host acts for any conversation, and gets its receipts below the conversation's name.
        try await Self.publish(
            host, to: "conv/in/chat-42/message/received", respondTo: "conv/receipt/chat-42/host", correlation: "host")
        try await Self.publish(
            kiosk, to: "conv/query/kiosk-7/conversations", "", respondTo: "conv/receipt/kiosk-7", correlation: "list")
        // Forged.
        let forged = [
            "conv/receipt/kiosk-8", "conv/receipt/kiosk-8/r1", "conv/receipt/host", "conv/receipt/chat-42/host",
        ]
        for topic in forged {
            for from in ["conv/in/kiosk-7/message/received", "conv/query/kiosk-7/timeline"] {
                try await Self.publish(kiosk, to: from, respondTo: topic, correlation: "forged")
            }
        }
        try await Self.publish(
            kiosk, to: "conv/in/kiosk-7/message/received", respondTo: "conv/receipt/kiosk-7/last", correlation: "last")
        try await eventually("the last receipt") { everything.strays.contains { $0.topic.hasSuffix("/last") } }
        try await eventually("the refused ones are counted") {
            deployment.metric("convey_replies_refused_total") >= Double(forged.count)
        }
        let correlations = everything.strays.map { String(decoding: $0.correlationData ?? [], as: UTF8.self) }
        #expect(Set(correlations) == ["conv/receipt/kiosk-7", "conv/receipt/kiosk-7/r1", "host", "list", "last"])
        let list = everything.strays.first { $0.correlationData == Array("list".utf8) }
        #expect(list?.userProperties.contains { $0.0 == "status" && $0.1 == "400" } == true)
        await kiosk.stop()
        await host.stop()
        await everything.stop()
    }

    @Test(
        "A retained signal is taken once, on publication, and not again by a new session", .timeLimit(.minutes(2))
    )
    func retained() async throws {
        for version in ["5", "3.1.1"] {
            let deployment = try Deployment(["--mqtt-version", version, "--llm-echo-delay", "0ms"])
            let client = try await deployment.client()
            try await client.publish(
                topic: "conv/in/old/note/taken", payload: Array("{}".utf8), retain: true)
            try await deployment.start()
            try await client.publish(
                topic: "conv/in/new/note/taken", payload: Array("{}".utf8), retain: true)
            let journal = try JournalFile(deployment.journal)
            func taken() throws -> Int {
                try journal.number("SELECT count(*) FROM journal WHERE type = 'conv.in.note.taken'")
            }
            try await eventually("it is recorded") { try taken() == 1 }
            deployment.kill()
            // Without its session the subscription is new.
            let stranger = try MQTTClient(
                MQTTOptions(
                    broker: BrokerAddress(host: "127.0.0.1", port: deployment.broker.port), clientID: "convey-e2e"))
            try await stranger.start()
            await stranger.stop()
            try await deployment.start()
            try await client.publish(topic: "conv/in/last/note/taken", payload: Array("{}".utf8))
            try await eventually("the next one is recorded") { try taken() >= 2 }
            #expect(try taken() == 2, "MQTT \(version)")
            await client.stop()
        }
    }
}

/// A broker with the users and access rules of broker/acl.example, and a Convey that logs in there.
private struct Site {
    let deployment: Deployment
    private let directory: URL

    init(users: [String]) throws {
        directory = FileManager.default.temporaryDirectory.appendingPathComponent("site-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        let passwords = directory.appendingPathComponent("passwd").path
        for (index, user) in users.enumerated() {
            let flags = index == 0 ? ["-c", "-b"] : ["-b"]
            let process = try ChildProcess("/usr/bin/mosquitto_passwd", flags + [passwords, user, "secret-\(user)"])
            try waitUntil("\(user) has a password") { process.ended != nil }
        }
        let rules = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../broker/acl.example").standardized.path
        deployment = try Deployment(
            ["--llm-echo-delay", "0ms", "--broker-username", "convey", "--broker-password", "secret-convey"],
            brokerConfiguration: Deployment.brokerConfiguration + ["password_file \(passwords)", "acl_file \(rules)"])
    }

    private func options(_ id: String, _ user: String) -> MQTTOptions {
        MQTTOptions(
            broker: BrokerAddress(
                host: "127.0.0.1", port: deployment.broker.port, username: user, password: "secret-\(user)"),
            clientID: id)
    }

    func client(_ user: String) async throws -> MQTTClient {
        let client = try MQTTClient(options("client-\(user)", user))
        try await client.start()
        return client
    }

    func listener(_ id: String, _ filters: [String], user: String) async throws -> Listener {
        try await Listener(options(id, user), filters: filters)
    }
}
