import Conversation
import Signals
import Testing

/// Decoding with short topics and a fixed id for signals without one.
private func decode(
    _ payload: String, topic: String = "conv/in/chat-42/message/received", contentType: String? = nil,
    properties: [(String, String)] = []
) -> Result<Signal, Rejection> {
    let message = InboundMessage(
        topic: topic, payload: Array(payload.utf8), contentType: contentType, userProperties: properties)
    return Envelope.decode(message, defaults: EnvelopeDefaults { "made-here" })
}

private let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

private func code(_ result: Result<Signal, Rejection>) -> String {
    switch result {
    case .success: "accepted"
    case .failure(let rejection): rejection.code.description
    }
}

@Suite struct EnvelopeTests {
    static let data = #"{"message_id":"m","ingress":"web"}"#

    @Test func `A bare object is data, its type and subject come from the topic`() throws {
        let signal = try decode(#"{"content":"hi"}"#).get()
        #expect(signal.type == "conv.in.message.received")
        #expect(signal.subject == "chat-42")
        #expect(signal.source == "/mqtt/chat-42")
        #expect(signal.id == "made-here")
        #expect(signal.cause == .none)
        #expect(text(signal.data) == #"{"message_id":"made-here","ingress":"mqtt","content":"hi"}"#)
    }

    @Test func `Clients cannot send as Convey's own effects`() {
        let data = #"{"effect_id":"e","lifecycle":"completed","tool_calls":[{"id":"1","name":"rm","arguments":"{}"}]}"#
        func envelope(_ source: String) -> String {
            #"{"specversion":"1.0","id":"1","source":"\#(source)","type":"conv.effect.llm.generation.completed","subject":"c","data":\#(data)}"#
        }
        #expect(code(decode(envelope("/convey/effects"), topic: "conv/ingest/c")) == "attribute_invalid:source")
        #expect(code(decode(envelope("/site-b/convey/effects"), topic: "conv/ingest/c")) == "accepted")
    }

    @Test func `An empty object is completed; existing members are kept`() throws {
        #expect(text(try decode(" { } ").get().data) == #"{"message_id":"made-here","ingress":"mqtt" }"#)
        #expect(text(try decode(#"{"ingress":"web"}"#).get().data) == #"{"message_id":"made-here","ingress":"web"}"#)
        let full = #"{ "message_id" : "m", "ingress":"w" , "n": 1.0}"#
        #expect(text(try decode(full).get().data) == full)
    }

    @Test func `A structured envelope is recognized by content type or specversion`() throws {
        let envelope = #"{"specversion":"1.0","id":"1","source":"/s","data":{"content":"x"}}"#
        for contentType in [nil, "application/cloudevents+json", "Application/CloudEvents+JSON; charset=utf-8"] {
            let signal = try decode(envelope, contentType: contentType).get()
            #expect(signal.id == "1" && signal.source == "/s" && signal.subject == "chat-42")
            #expect(text(signal.data) == #"{"message_id":"1","ingress":"mqtt","content":"x"}"#)
        }
        // Without either the same members are data.
        let bare = try decode(#"{"id":"1","source":"/s"}"#).get()
        #expect(bare.id == "made-here")
    }

    @Test func `A binary message has its attributes as user properties`() throws {
        let signal = try decode(
            #"{"content":"x"}"#, contentType: "application/json",
            properties: [
                ("specversion", "1.0"), ("id", "a\"1"), ("source", "/s"), ("subject", "chat-42"),
                ("type", "conv.in.message.received"), ("time", "2026-01-02T03:04:05Z"), ("contractmajor", "1"),
                ("causationid", "c"), ("correlationid", "k"), ("traceparent", trace), ("data", "no"),
                ("X-Y", "no"),
            ]
        ).get()
        #expect(signal.id == "a\"1")
        #expect(signal.time == "2026-01-02T03:04:05Z")
        #expect(signal.cause == .signal("c"))
        #expect(signal.traceparent == trace)
        #expect(text(signal.extensions) == #""correlationid":"k""#)
        #expect(text(signal.data) == #"{"message_id":"a\"1","ingress":"mqtt","content":"x"}"#)
    }

    @Test func `A binary payload cannot add attributes`() {
        #expect(code(decode(#"{},"type":"conv.in.x"#, properties: [("specversion", "1.0")])) == "malformed_json")
    }

    @Test func `Aliases are read and become the CloudEvents names`() throws {
        let signal = try decode(
            #"{"specversion":"1.0","contract_major":1,"project_id":"p","conversation_id":"c","cause_id":"z","extensions":{"foo":1,"sequence":4},"sequence":5,"bar":null,"data":{}}"#,
            topic: "conv/in/project%2Fp%2Fconversation%2Fc/message/received"
        ).get()
        #expect(signal.subject == "project/p/conversation/c")
        #expect(signal.cause == .signal("z"))
        #expect(text(signal.extensions) == #""foo":1,"projectid":"p""#)
    }

    @Test func `The first name of a cause that is given counts`() throws {
        let causes: [(String, Cause)] = [
            (#""cause_id":null"#, .none), (#""causationid":"a","cause_id":"b""#, .signal("a")),
            (#""cause_id":"b""#, .signal("b")), (#""causationid":null,"cause_id":"b""#, .signal("b")),
            (#""extensions":{"cause_id":"e"}"#, .signal("e")),
        ]
        for (member, cause) in causes {
            #expect(try decode("{\"specversion\":\"1.0\",\(member),\"data\":{}}").get().cause == cause)
        }
        #expect(try decode(#"{"cause_id":"d"}"#).get().cause == .signal("d"))
    }

    @Test(arguments: [
        ("{", "malformed_json"), (#"{"a":"\ud800"}"#, "malformed_json"),
        ("[]", "payload_not_object"), (#""text""#, "payload_not_object"), ("5", "payload_not_object"),
        ("{\"a\":" + String(repeating: "[", count: 64) + String(repeating: "]", count: 64) + "}", "too_deep"),
        ("\"" + String(repeating: "x", count: 262_143) + "\"", "too_large"),
        (#"{"message_id":null}"#, "payload_missing:message_id"),
        (#"{"message_id":" ","ingress":""}"#, "payload_missing:message_id,ingress"),
        (#"{"specversion":"0.3","data":{}}"#, "attribute_invalid:specversion"),
        (#"{"specversion":"1.0","type":5,"data":{}}"#, "attribute_missing:type"),
        (#"{"specversion":"1.0","source":5,"data":{}}"#, "attribute_missing:source"),
        (#"{"specversion":"1.0","id":"","data":{}}"#, "attribute_invalid:id"),
        (#"{"specversion":"1.0","id":"\u0000","data":{}}"#, "attribute_invalid:id"),
        (#"{"specversion":"1.0","subject":" ","data":{}}"#, "attribute_invalid:subject"),
        (#"{"specversion":"1.0","subject":7,"data":{}}"#, "attribute_missing:subject"),
        (#"{"specversion":"1.0","time":"","data":{}}"#, "attribute_invalid:time"),
        (#"{"specversion":"1.0","type":"com.example","data":{}}"#, "type_namespace"),
        (#"{"specversion":"1.0","type":"conv.out.x","data":{}}"#, "type_not_allowed"),
        (#"{"specversion":"1.0","type":"conv.in.other","data":{}}"#, "type_mismatch"),
        (#"{"specversion":"1.0","subject":"chat-43","data":{}}"#, "subject_mismatch"),
        (#"{"specversion":"1.0","contractmajor":"1","data":{}}"#, "contract_version_invalid"),
        (#"{"specversion":"1.0","contractmajor":2,"data":{}}"#, "contract_version_unsupported"),
        (#"{"specversion":"1.0","data_base64":"e30="}"#, "payload_not_object"),
        (#"{"specversion":"1.0","source":null,"id":null,"subject":null,"type":null,"data":{}}"#, "accepted"),
    ])
    func `Each error has its code`(payload: String, expected: String) {
        #expect(code(decode(payload)) == expected)
    }

    @Test func `Bytes that are not UTF-8 have their code`() {
        let message = InboundMessage(topic: "conv/in/s/x", payload: [0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])
        #expect(code(Envelope.decode(message, defaults: EnvelopeDefaults { "" })) == "invalid_utf8")
    }

    @Test(arguments: [
        ("conv/in", "attribute_missing:subject"), ("conv/in/%00/x", "attribute_invalid:subject"),
        ("conv/in/s/a.b", "attribute_invalid:type"), ("conv/out/s/x", "type_not_allowed"),
        ("conv/in/s", "attribute_missing:type"), ("conv/ingest/s", "attribute_missing:type"),
    ])
    func `Each error of a topic has its code`(topic: String, expected: String) {
        #expect(code(decode("{}", topic: topic)) == expected)
    }

    @Test func `The ingest topic takes every family but applied`() throws {
        func envelope(_ type: String, _ data: String) -> String {
            #"{"specversion":"1.0","type":"\#(type)","data":\#(data)}"#
        }
        let topic = "conv/ingest/s"
        let effect = #"{"effect_id":"e","lifecycle":"started"}"#
        #expect(code(decode(envelope("conv.effect.tool.execution.started", effect), topic: topic)) == "accepted")
        #expect(code(decode(envelope("conv.out.x", "{}"), topic: topic)) == "payload_missing:output_id,channel")
        #expect(code(decode(envelope("conv.audit.x", "{}"), topic: topic)) == "payload_missing:audit_id,category")
        #expect(code(decode(envelope("conv.effect.x", "{}"), topic: topic)) == "payload_missing:effect_id,lifecycle")
        #expect(code(decode(envelope("conv.in.x", "{}"), topic: topic)) == "accepted")
        #expect(
            code(decode(envelope("conv.applied.x", #"{"applied_event_id":"a"}"#), topic: topic)) == "type_not_allowed")
    }

    @Test func `A text of the maximum length is accepted, a longer one is not`() {
        func envelope(_ id: Int) -> String {
            #"{"specversion":"1.0","id":"\#(String(repeating: "i", count: id))","data":{}}"#
        }
        #expect(code(decode(envelope(1_024))) == "accepted")
        #expect(code(decode(envelope(1_025))) == "attribute_invalid:id")
    }

    @Test func `The number of extension attributes is limited; repeats do not count`() {
        func envelope(_ names: [String]) -> String {
            #"{"specversion":"1.0",\#(names.map { "\"\($0)\":1," }.joined())"data":{}}"#
        }
        #expect(code(decode(envelope((0..<64).map { "x\($0)" }))) == "accepted")
        #expect(code(decode(envelope((0..<65).map { "x\($0)" }))) == "attribute_invalid:extensions")
        #expect(code(decode(envelope([String](repeating: "x", count: 1_000)))) == "accepted")
    }

    @Test func `Every code has the spelling that is documented`() {
        let codes: [(RejectionCode, String, String)] = [
            (.malformedJSON, "malformed_json", "malformed_json"), (.tooLarge, "too_large", "too_large"),
            (.tooDeep, "too_deep", "too_deep"), (.invalidUTF8, "invalid_utf8", "invalid_utf8"),
            (.attributeMissing("id"), "attribute_missing:id", "attribute_missing"),
            (.attributeInvalid("id"), "attribute_invalid:id", "attribute_invalid"),
            (.typeNamespace, "type_namespace", "type_namespace"),
            (.typeNotAllowed, "type_not_allowed", "type_not_allowed"),
            (.subjectMismatch, "subject_mismatch", "subject_mismatch"),
            (.typeMismatch, "type_mismatch", "type_mismatch"),
            (.contractVersionInvalid, "contract_version_invalid", "contract_version_invalid"),
            (.contractVersionUnsupported, "contract_version_unsupported", "contract_version_unsupported"),
            (.payloadNotObject, "payload_not_object", "payload_not_object"),
            (.payloadMissing(["a", "b"]), "payload_missing:a,b", "payload_missing"),
        ]
        for (code, description, label) in codes {
            #expect(code.description == description)
            #expect(code.label == label)
        }
    }
}

@Suite struct EnvelopeRoundTripTests {
    @Test func `A published event reads back as the same signal`() throws {
        var signal = Signal(
            id: "i\"1", source: "/s", type: "conv.in.message.received", subject: "é/ü", time: "2026-01-02T03:04:05Z",
            cause: .signal("c"), traceparent: trace, extensions: Array(#""correlationid":"x","foo":1"#.utf8),
            data: Array(#"{"message_id":"m","ingress":"web","n":1.0}"#.utf8))
        let bytes = EnvelopeEncoder.encode(signal, sequence: 7, partition: 3, offset: 9)
        let json = try JSONValue(bytes)
        #expect(json["sequence"]?.int == 7 && json["partition"]?.int == 3 && json["offset"]?.int == 9)
        #expect(json["specversion"]?.string == "1.0" && json["contractmajor"]?.int == 1)
        let topic = TopicName.topic(root: "conv", type: signal.type, subject: signal.subject)
        let message = InboundMessage(topic: topic, payload: bytes, contentType: "application/cloudevents+json")
        #expect(try Envelope.decode(message, defaults: EnvelopeDefaults { "" }).get() == signal)

        signal.time = nil
        let dated = try JSONValue(
            EnvelopeEncoder.encode(signal, sequence: 1, partition: 0, offset: 1, recordedAt: "2026-02-02T00:00:00Z"))
        #expect(dated["time"]?.string == "2026-02-02T00:00:00Z")
    }

    @Test func `Bare data of the maximum depth are published readable`() throws {
        let data =
            "{\"message_id\":\"m\",\"ingress\":\"w\",\"a\":" + String(repeating: "[", count: 62)
            + String(repeating: "]", count: 62) + "}"
        let signal = try decode(data).get()
        _ = try JSONValue(EnvelopeEncoder.encode(signal, sequence: 1, partition: 0, offset: 1))
    }

    @Test func `No mutation of a message stops the process, and accepted ones are sound`() throws {
        let seed: UInt64 = 0x5eed_2026
        var random = SplitMix64(state: seed)
        let originals = [
            #"{"specversion":"1.0","id":"1","source":"/s","type":"conv.in.message.received","subject":"chat-42","time":"2026-01-02T03:04:05Z","contractmajor":1,"causationid":"x","extensions":{"a":1,"b":"x y"},"data":{"message_id":"m","ingress":"web","content":"h\u00e9\ud83d\ude00"}}"#,
            #"{"content":"hi","n":[1,-2.5e3,true,false,null,{"x":"日本"}]}"#,
        ]
        var accepted = 0
        for round in 0..<10_000 {
            var bytes = Array(originals[round % originals.count].utf8)
            for _ in 0...Int(random.next() % 4) { mutate(&bytes, &random) }
            var topic = Array("conv/in/chat-42/message/received".utf8)
            if random.next() % 4 == 0 { mutate(&topic, &random) }
            let message = InboundMessage(
                topic: String(decoding: topic, as: UTF8.self), payload: bytes,
                contentType: random.next() % 3 == 0 ? "application/cloudevents+json" : nil,
                userProperties: random.next() % 3 == 0
                    ? [("id", String(decoding: bytes.prefix(20), as: UTF8.self))] : [])
            switch Envelope.decode(message, defaults: EnvelopeDefaults { "made-here" }) {
            case .failure(let rejection):
                #expect(!rejection.code.description.isEmpty)
            case .success(let signal):
                accepted += 1
                let out = EnvelopeEncoder.encode(signal, sequence: 1, partition: 0, offset: 1)
                let topic = TopicName.topic(root: "conv", type: signal.type, subject: signal.subject)
                let again = InboundMessage(topic: topic, payload: out, contentType: "application/cloudevents+json")
                switch Envelope.decode(again, defaults: EnvelopeDefaults { "never" }) {
                case .success(let back): #expect(back == signal, "seed \(seed) round \(round)")
                case .failure(let rejection): Issue.record("seed \(seed) round \(round): \(rejection)")
                }
                var state = ConversationState()
                _ = Reducer.apply(
                    signal, priority: Priority(type: signal.type), offset: 1, recordHash: 1, to: &state)
            }
        }
        print("mutations: seed \(seed), \(accepted) of 10000 accepted")
        #expect(accepted > 100)
    }

    private func mutate(_ bytes: inout [UInt8], _ random: inout SplitMix64) {
        guard !bytes.isEmpty else { return }
        let at = Int(random.next() % UInt64(bytes.count))
        let alphabet = Array("\"\\{}[],:u0129eE.- tfn\u{0}%/".utf8)
        switch random.next() % 5 {
        case 0: bytes[at] = UInt8(truncatingIfNeeded: random.next())
        case 1: bytes.remove(at: at)
        case 2: bytes.insert(alphabet[Int(random.next() % UInt64(alphabet.count))], at: at)
        case 3: bytes.removeSubrange(at...)
        default: bytes[at] = alphabet[Int(random.next() % UInt64(alphabet.count))]
        }
    }
}

/// A small generator with a seed (Steele, Lea and Flood 2014), so that a failing run can be repeated.
private struct SplitMix64 {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
