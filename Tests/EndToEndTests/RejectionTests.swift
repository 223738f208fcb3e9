import Foundation
import Signals
import TestSupport
import Testing

@Suite("Rejections")
struct RejectionTests {
    /// A message that breaks the contract in one way.
    private struct Bad {
        var code: String
        var topic = "conv/in/bad/note/taken"
        var payload: [UInt8]
        var contentType: String?

        init(_ code: String, topic: String = "conv/in/bad/note/taken", _ payload: String, contentType: String? = nil) {
            self.init(code, topic: topic, bytes: Array(payload.utf8), contentType: contentType)
        }

        init(_ code: String, topic: String = "conv/in/bad/note/taken", bytes: [UInt8], contentType: String? = nil) {
            self.code = code
            self.topic = topic
            self.payload = bytes
            self.contentType = contentType
        }
    }

    private static func envelope(_ members: String, data: String = "{}") -> String {
        #"{"specversion":"1.0","id":"i","source":"/s",\#(members)"data":\#(data)}"#
    }

    /// Its topic would be deeper than brokers accept.
    private static let deepType = "conv.out." + String(repeating: "a.", count: 210) + "z"

    private static let deep = String(repeating: "[", count: 70) + String(repeating: "]", count: 70)

    /// Every existing code, some in several ways.
    private static let all = [
        Bad("malformed_json", "{"), Bad("malformed_json", #"{"a":1}x"#),
        Bad("malformed_json", #"{"a":"\ud800"}"#), Bad("malformed_json", #"{"a":01}"#),
        Bad("malformed_json", "not JSON", contentType: "application/cloudevents+json"),
        Bad("too_large", #"{"content":""# + String(repeating: "x", count: 256 * 1_024) + #""}"#),
        Bad("too_deep", #"{"a":\#(deep)}"#),
        Bad("invalid_utf8", bytes: Array(#"{"a":""#.utf8) + [0xff, 0xfe] + Array(#""}"#.utf8)),
        Bad("attribute_missing:type", topic: "conv/in/bad", "{}"),
        Bad("attribute_missing:subject", topic: "conv/in", "{}"),
        Bad("attribute_missing:source", #"{"specversion":"1.0","source":"","data":{}}"#),
        Bad("attribute_invalid:id", #"{"specversion":"1.0","id":"","data":{}}"#),
        Bad("attribute_invalid:id", #"{"specversion":"1.0","id":"a\u0007b","data":{}}"#),
        Bad("attribute_invalid:id", #"{"specversion":"1.0","id":true,"data":{}}"#),
        Bad("attribute_invalid:source", #"{"specversion":"1.0","source":"my shop","data":{}}"#),
        Bad("attribute_invalid:time", envelope(#""time":"yesterday","#)),
        Bad("attribute_invalid:time", envelope(#""time":1767322800,"#)),
        Bad("attribute_invalid:causationid", envelope(#""causationid":"","#)),
        Bad("attribute_invalid:causationid", #"{"cause_id":5}"#),
        Bad("attribute_invalid:forkedfrom", envelope(#""forkedfrom":"","#)),
        Bad("attribute_invalid:correlationid", envelope(#""correlationid":" ","#)),
        Bad("attribute_invalid:myExt", envelope(#""myExt":"x","#)),
        Bad("attribute_invalid:list", envelope(#""list":[1],"#)),
        Bad("attribute_invalid:type", topic: "conv/ingest/bad", envelope(#""type":"\#(deepType)","#)),
        Bad("attribute_invalid:type", topic: "conv/in/bad/note//taken", "{}"),
        Bad("attribute_invalid:subject", topic: "conv/in/%62ad/note/taken", "{}"),
        Bad("attribute_invalid:subject", topic: "conv/ingest/b%61d", envelope(#""type":"conv.in.note.taken","#)),
        Bad("attribute_invalid:specversion", #"{"specversion":"0.3","data":{}}"#),
        Bad("attribute_invalid:subject", topic: "conv/in/%ZZ/note/taken", "{}"),
        Bad("attribute_invalid:subject", topic: "conv/in/" + String(repeating: "x", count: 257) + "/note/taken", "{}"),
        Bad("type_namespace", topic: "conv/ingest/bad", envelope(#""type":"com.example.thing","#)),
        Bad("type_not_allowed", envelope(#""type":"conv.out.assistant.delta","#)),
        Bad("type_not_allowed", topic: "conv/ingest/bad", envelope(#""type":"conv.applied.event.applied","#)),
        Bad("type_mismatch", envelope(#""type":"conv.in.message.received","#)),
        Bad("subject_mismatch", envelope(#""subject":"good","#)),
        Bad("contract_version_invalid", envelope(#""contractmajor":"one","#)),
        Bad("contract_version_unsupported", envelope(#""contractmajor":2,"#)),
        Bad("payload_not_object", "[1]"), Bad("payload_not_object", envelope("", data: #""text""#)),
        Bad("payload_missing:message_id", #"{"message_id":" "}"#),
        Bad(
            "payload_missing:effect_id,lifecycle", topic: "conv/ingest/bad",
            envelope(#""type":"conv.effect.tool.execution.started","#)),
    ]

    @Test(
        "A message that breaks the contract is acknowledged, receipted and published with its code, and stops nothing",
        .timeLimit(.minutes(1)))
    func everyCode() async throws {
        let deployment = try Deployment(["--llm-echo-delay", "0ms"])
        try await deployment.start()
        let listener = try await deployment.listener()
        let client = try await ReceiptClient(deployment)
        for bad in Self.all {
            let receipt = try await client.publish(
                topic: bad.topic, payload: bad.payload, contentType: bad.contentType)
            #expect(receipt.status == "rejected", "\(bad.code) on \(bad.topic)")
            #expect(receipt.code == bad.code, "\(receipt.message ?? "")")
            #expect(receipt.message?.isEmpty == false)
        }
        let published = { listener.events.filter { $0.type == "conv.audit.signal.rejected" } }
        try await eventually("\(Self.all.count) audit events") { published().count == Self.all.count }
        for (event, bad) in zip(published().sorted { Self.place($0) < Self.place($1) }, Self.sorted) {
            #expect(event.data("code") == bad.code)
            #expect(event.data("topic") == bad.topic)
            #expect(event.data("payload_bytes", as: Int.self) == bad.payload.count)
            #expect(event.data("category") == "rejection")
        }
        #expect(deployment.metric("convey_commit_failures_total") == 0)
        try await Self.expectWorking(deployment, listener)
        await client.stop()
        await listener.stop()
    }

    /// By subject, then in order of publishing: the order in which events and published messages are compared.
    private static var sorted: [Bad] {
        let bySubject = Dictionary(grouping: all) { bad -> String in
            let level = bad.topic.split(separator: "/").dropFirst(2).first.map(String.init) ?? "_"
            return TopicName.decode(level: level) ?? "_"
        }
        return bySubject.sorted { $0.key < $1.key }.flatMap(\.value)
    }

    private static func place(_ event: Event) -> (String, Int) { (event.subject, event.sequence) }

    /// A good message is answered, and the journal is consistent.
    static func expectWorking(_ deployment: Deployment, _ listener: Listener) async throws {
        let client = try await deployment.client()
        try await client.publish(
            topic: "conv/in/good-at-last/message/received", payload: Array(#"{"content":"still here"}"#.utf8))
        let answer = try await listener.first("an answer", seconds: 60) {
            $0.type == "conv.out.assistant.completed" && $0.subject == "good-at-last"
        }
        #expect(answer.data("content") == "still here")
        let journal = try JournalFile(deployment.journal)
        try await eventually("at rest", seconds: 60) { try JournalAudit.isAtRest(journal) }
        try JournalAudit.expectSound(journal, isAtRest: true)
        #expect(deployment.process?.ended == nil)
        await client.stop()
    }
}
