import Foundation
import MQTTTransport
import Signals
import TestSupport
import Testing

/// The identity, the addressee and the attributes of a message, by every way in.
@Suite("CloudEvents")
struct CloudEventTests {
    private static let types = [
        "conv/in/odd/note/taken": "conv.in.note.taken", "conv/ingest/odd": "conv.out.note",
    ]

    /// Invalid attributes, and some valid ones.
    private static let odd: [(name: String, values: [String])] = [
        ("id", ["42", "1.5", "true", "{}", "[]", "null", #""""#, #"" ""#, #""a\u0000""#]),
        (
            "time",
            [
                #""yesterday""#, #""2026-02-30T00:00:00Z""#, #""2026-01-02T03:04:05""#, "5", #""""#,
                #""2016-12-31t23:59:59z""#,
            ]
        ),
        ("source", [#""my shop""#, #""""#, "42", #""/caf\u00e9""#, #""urn:x:1""#]),
        ("causationid", [#""""#, "5", "null", "[]"]),
        ("cause_id", [#""""#, "5"]),
        ("forkedfrom", [#""""#, "5", #""x""#]),
        ("correlationid", [#""""#, #""k""#, "5", "3000000000", "1.5", "{}", #""a\ufdd0""#]),
        ("traceparent", [#""""#, #""garbage""#, "5"]),
        ("dataschema", [#""""#, #""/a""#, #""https://example.org/s""#]),
        ("datacontenttype", [#""""#, #""text""#, "5"]),
        ("contractmajor", [#""""#, "false", "1"]),
        ("myExt", [#""x""#]), ("my_ext", ["1"]),
        ("extensions", ["5", #"{"id":true}"#, #"{"time":"now"}"#, #"{"Ext":1}"#]),
    ]

    @Test(
        "Whatever its attributes, form and way in, a message is refused or published as a valid CloudEvent",
        .timeLimit(.minutes(2)))
    func oddAttributes() async throws {
        let deployment = try Deployment(["--llm-echo-delay", "0ms"])
        try await deployment.start()
        let listener = try await deployment.listener()
        let client = try await ReceiptClient(deployment)
        var count = 0
        var recorded = 0
        for (name, value) in Self.odd.flatMap({ odd in odd.values.map { (odd.name, $0) } }) {
            for (topic, type) in Self.types {
                count += 1
                var members = [
                    "specversion": #""1.0""#, "id": "\"o\(count)\"", "source": #""/test""#, "type": "\"\(type)\"",
                    "data": #"{"output_id":"o","channel":"c"}"#,
                ]
                members[name] = value
                let envelope = "{" + members.map { "\"\($0.key)\":\($0.value)" }.joined(separator: ",") + "}"
                let receipt = try await client.publish(topic: topic, payload: Array(envelope.utf8))
                expectTold(receipt, envelope)
                recorded += receipt.status == "recorded" ? 1 : 0
                // A broker ends the connection of a client that sends other characters in a user property.
                guard let text = try JSONValue(Array(value.utf8)).string,
                    text.unicodeScalars.allSatisfy({ (0x20..<0xfd00).contains($0.value) }), topic.contains("/in/")
                else { continue }
                let binary = try await client.publish(
                    topic: topic, payload: Array("{}".utf8), userProperties: [("id", "b\(count)"), (name, text)])
                expectTold(binary, "\(name)=\(text) as user property")
            }
            let answer = try #require(
                httpPost(
                    "/v1/conversations/odd/signals",
                    body: #"{"specversion":"1.0","type":"conv.in.note.taken","\#(name)":\#(value),"data":{}}"#,
                    port: deployment.httpPort))
            #expect([200, 201, 400].contains(answer.status), "\(name): \(value): \(answer.body)")
        }
        #expect(recorded > 10)
        try await eventually("all is published") { deployment.metric("convey_outbox_lag") == 0 }
        let events = try JSONValue(
            Array(#require(httpGet("/v1/conversations/odd/events?limit=1000", port: deployment.httpPort)).body.utf8))
        let all = try #require(events["events"]?.array)
        #expect(all.count > recorded)
        try CloudEventCheck.expectValid(all.map { $0.encode() })
        await client.stop()
        // Checks everything received over MQTT.
        await listener.stop()
    }

    private func expectTold(_ receipt: Receipt, _ what: String) {
        #expect(["recorded", "duplicate", "rejected"].contains(receipt.status), "\(what)")
        if receipt.status == "rejected" { #expect(receipt.message?.isEmpty == false, "\(what)") }
    }

    @Test(
        "The check finds invalid CloudEvents",
        arguments: [
            (#""id":"""#, "id"), (#""source":"a b""#, "source"), (#""time":"yesterday""#, "SDK"),
            (#""time":"2026-01-02T03:04:05""#, "time"),
            (#""myExt":1"#, "myExt"), (#""list":[]"#, "list"), (#""ext":"""#, "ext"), (#""ext":3000000000"#, "ext"),
            (#""ext":1.5"#, "ext"),
            (#""dataschema":"/a""#, "dataschema"), (#""traceparent":"x""#, "traceparent"), (#""ext":"a\u0001""#, "ext"),
        ])
    func check(member: String, expected: String) throws {
        let rest =
            #""source":"/s","type":"conv.out.x","datacontenttype":"application/json","time":"2026-01-02T03:04:05Z""#
        let good = "{\"specversion\":\"1.0\",\"id\":\"1\",\(rest),\"data\":{}}"
        let bad = "{\"specversion\":\"1.0\",\"id\":\"1\",\(rest),\(member),\"data\":{}}"
        #expect(try CloudEventCheck.faults([Array(good.utf8)]).isEmpty)
        let faults = try CloudEventCheck.faults([Array(bad.utf8)])
        #expect(faults.contains { $0.contains(expected) }, "\(faults)")
    }

    @Test(
        "A message with a numeric id is one signal, however often and by whatever way it comes",
        .timeLimit(.minutes(1)))
    func numbersForIDs() async throws {
        let deployment = try Deployment(["--llm-echo-delay", "0ms"])
        try await deployment.start()
        let listener = try await deployment.listener()
        let client = try await ReceiptClient(deployment)
        let envelope =
            #"{"specversion":"1.0","id":42,"source":"/n","type":"conv.in.message.received","data":{"content":"hi"}}"#
        var statuses: [String] = []
        for _ in 0..<3 {
            statuses.append(try await client.publish(topic: "conv/in/n", payload: Array(envelope.utf8)).status)
        }
        let binary = try await client.publish(
            topic: "conv/in/n/message/received", payload: Array(#"{"content":"hi"}"#.utf8),
            userProperties: [("id", "42"), ("source", "/n")])
        #expect(statuses + [binary.status] == ["recorded", "duplicate", "duplicate", "duplicate"])
        for _ in 0..<2 {
            #expect(httpPost("/v1/conversations/n/signals", body: envelope, port: deployment.httpPort)?.status == 200)
        }
        _ = try await listener.first("the answer") { $0.type == "conv.out.assistant.completed" }
        let journal = try JournalFile(deployment.journal)
        try await eventually("at rest") { try JournalAudit.isAtRest(journal) }
        #expect(listener.distinct("n").count { $0.type == "conv.out.assistant.completed" } == 1)
        await client.stop()
        await listener.stop()
    }

    @Test("An event without data, as SDKs make it, has the effect of its type", .timeLimit(.minutes(1)))
    func withoutData() async throws {
        let deployment = try Deployment(["--llm-echo-delay", "50ms"])
        try await deployment.start()
        let listener = try await deployment.listener()
        let client = try await ReceiptClient(deployment)
        let content = String(repeating: "word ", count: 400)
        for (index, payload) in [
            #"{"specversion":"1.0","id":"a0","source":"/n","type":"conv.in.control.abort_requested","subject":"x0"}"#,
            #"{"specversion":"1.0","id":"a1","source":"/n","type":"conv.in.control.abort_requested","data":null}"#, "",
            "null",
        ].enumerated() {
            let subject = "x\(index)"
            _ = try await client.publish(
                topic: "conv/in/\(subject)/message/received", payload: Array(#"{"content":"\#(content)"}"#.utf8))
            _ = try await listener.first("a piece") { $0.type == "conv.out.assistant.delta" && $0.subject == subject }
            let receipt = try await client.publish(
                topic: "conv/in/\(subject)/control/abort_requested", payload: Array(payload.utf8))
            #expect(receipt.status == "recorded", "\(receipt.message ?? "")")
            _ = try await listener.first("its end") {
                $0.type == "conv.out.assistant.canceled" && $0.subject == subject
            }
        }
        let empty = httpPost(
            "/v1/conversations/x0/signals?type=conv.in.control.abort_requested", body: "", port: deployment.httpPort)
        #expect(empty?.status == 201)
        await client.stop()
        await listener.stop()
    }

    @Test("A broker's access rule for a conversation's topics covers every spelling", .timeLimit(.minutes(1)))
    func accessRules() async throws {
        let rules = FileManager.default.temporaryDirectory.appendingPathComponent("acl-\(UUID().uuidString)")
        try "topic deny conv/in/admin/#\ntopic deny conv/ingest/admin\ntopic readwrite #\n".write(
            to: rules, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(at: rules) }  // Only temporary files would remain.
        let deployment = try Deployment(
            ["--llm-echo-delay", "0ms"],
            brokerConfiguration: Deployment.brokerConfiguration + ["acl_file \(rules.path)"])
        try await deployment.start()
        let listener = try await deployment.listener()
        let client = try await deployment.client()
        let spellings = ["%61dmin", "adm%69n", "%61%64%6d%69%6e", "%61%64%6D%69%6E", "admi%6e"]
        let envelope =
            #"{"specversion":"1.0","type":"conv.in.message.received","subject":"admin","data":{"content":"hi"}}"#
        for level in spellings {
            for topic in ["conv/in/\(level)/message/received", "conv/in/\(level)", "conv/ingest/\(level)"] {
                try await client.publish(topic: topic, payload: Array(envelope.utf8))
            }
        }
        try await eventually("all are refused") {
            listener.events.count { $0.type == "conv.audit.signal.rejected" } == spellings.count * 3
        }
        for event in listener.events where event.type == "conv.audit.signal.rejected" {
            #expect(event.subject == "_" && event.data("code") == "attribute_invalid:subject")
        }
        let admin = httpGet("/v1/conversations/admin/events", port: deployment.httpPort)
        #expect(admin?.status == 404, "\(admin?.body ?? "")")
        await client.stop()
        await listener.stop()
    }

    @Test(
        "A binary event of a CloudEvents SDK is recorded once, however often it comes, over MQTT and HTTP",
        .timeLimit(.minutes(1)))
    func binaryEventsOfSDKs() async throws {
        let deployment = try Deployment(["--llm-echo-delay", "0ms"])
        try await deployment.start()
        let client = try await ReceiptClient(deployment)
        // The result of `to_binary()` in the Python SDK 2.2.0.
        let headers = [
            "ce-specversion": "1.0", "ce-id": "order-17", "ce-source": "/shop", "ce-type": "conv.in.note.taken",
            "ce-time": "2026-11-28T07:13:43.792481+00:00",
        ]
        for status in ["recorded", "duplicate"] {
            let receipt = try await client.publish(
                topic: "conv/in/sdk/note/taken", payload: Array(#"{"content": "hi"}"#.utf8),
                userProperties: headers.map { ($0.key, $0.value) })
            #expect(receipt.status == status && receipt.id == "order-17")
        }
        // Over HTTP the same event is the same signal: it has its own source.
        let again = httpExchange(
            "POST", "/v1/conversations/sdk/signals",
            headers: headers,
            body: #"{"content": "hi"}"#, port: deployment.httpPort)
        #expect(again?.status == 200 && again?.body.contains(#""status":"duplicate""#) == true, "\(again?.body ?? "")")
        let batch = httpExchange(
            "POST", "/v1/conversations/sdk/signals", headers: ["Content-Type": "application/cloudevents-batch+json"],
            port: deployment.httpPort)
        #expect(batch?.status == 415 && batch?.body.contains("CloudEvents batch") == true)
        let bare = try await client.publish(
            topic: "conv/in/sdk/note/taken", payload: Array(#"[{"specversion":"1.0"}]"#.utf8))
        #expect(bare.message?.contains("CloudEvents batch") == true)
        await client.stop()
    }

    @Test("An HTTP path has one spelling, except for reserved characters", .timeLimit(.minutes(1)))
    func paths() async throws {
        let deployment = try Deployment(["--llm-echo-delay", "0ms"])
        try await deployment.start()
        func post(_ segment: String) -> Int? {
            httpPost(
                "/v1/conversations/\(segment)/signals?type=conv.in.note.taken", body: "{}", port: deployment.httpPort)?
                .status
        }
        func get(_ segment: String, _ view: String = "events") -> Int? {
            httpGet("/v1/conversations/\(segment)/\(view)", port: deployment.httpPort)?.status
        }
        for segment in ["admin", "a%2Fb", "caf%C3%A9", "a:b@c", "%2E%2E", "%2E", "what%27s%20up", "100%25"] {
            #expect(post(segment) == 201, "\(segment)")
            #expect(get(segment) == 200, "\(segment)")
        }
        // OpenAPI clients escape the reserved characters, JavaScript's encodeURIComponent some of them.
        for segment in ["a%3Ab%40c", "a:b%40c", "what's%20up"] { #expect(get(segment) == 200, "\(segment)") }
        for segment in [
            "%61dmin", "adm%69n", "a%2fb", "caf%c3%a9", "caf%C3", "%", "%4", "%zz", "..", ".", "%2E.", "%2e%2e",
            "a%2Db", "a%7Eb",
            "%FF",
        ] {
            #expect(post(segment) == 400, "\(segment)")
            #expect(get(segment) == 400, "\(segment)")
            #expect(get(segment, "stream") == 400, "\(segment)")
        }
        for path in [
            "/v1//conversations/admin/events", "/v1/conversations/admin//events", "/v1/conversations/admin/events/",
            "//v1/conversations/admin/events", "/v1/conversations/admin/%65vents", "/v1/%63onversations/admin/events",
            "/v1/./conversations/admin/events", "/V1/conversations/admin/events",
        ] {
            #expect(httpGet(path, port: deployment.httpPort)?.status == 404, "\(path)")
        }
    }
}
