import Signals
import Testing

/// Decodes an envelope of the type `conv.in.note.taken` with further members, in each form that can have them.
private func decode(
    _ payload: String, topic: String = "conv/in/c/note/taken", properties: [(String, String)] = []
) -> Result<Signal, Rejection> {
    let message = InboundMessage(topic: topic, payload: Array(payload.utf8), userProperties: properties)
    return Envelope.decode(message, defaults: EnvelopeDefaults { "made-here" })
}

private func code(_ result: Result<Signal, Rejection>) -> String {
    switch result {
    case .success: "accepted"
    case .failure(let rejection): rejection.code.description
    }
}

private func structured(_ members: String) -> Result<Signal, Rejection> {
    decode("{\"specversion\":\"1.0\",\(members),\"data\":{}}")
}

/// Requirements at the edges that make everything Convey publishes a valid CloudEvent.
@Suite struct EdgeTests {
    // MARK: Identity

    @Test(arguments: ["42", "0", "-0", "-7", "1.5", "1.50", "1e3", "1E+3", "123456789012345678901234567890", "0.1e-7"])
    func `An id that is a number is taken as spelled, the same at each delivery`(number: String) throws {
        for _ in 0..<2 { #expect(try structured("\"id\":\(number)").get().id == number) }
        #expect(try structured("\"extensions\":{\"id\":\(number)}").get().id == number)
        #expect(try decode("{}", properties: [("id", number)]).get().id == number)
        let data = try JSONValue(structured("\"id\":\(number)").get().data)
        #expect(data["message_id"]?.string == number)
    }

    @Test(arguments: [
        "true", "false", "{}", "[]", "[\"a\"]", "{\"a\":1}", "\"\"", "\" \"", "\"\\u0000\"", "\"a\\nb\"", "\"\\ufffe\"",
    ])
    func `An id that is neither a text nor a number is refused`(value: String) {
        #expect(code(structured("\"id\":\(value)")) == "attribute_invalid:id")
        #expect(code(structured("\"extensions\":{\"id\":\(value)}")) == "attribute_invalid:id")
    }

    @Test func `A missing or null id is generated`() throws {
        #expect(try structured("\"id\":null").get().id == "made-here")
        #expect(try structured("\"id\":null,\"extensions\":{\"id\":null}").get().id == "made-here")
        #expect(code(decode("{}", properties: [("id", "")])) == "attribute_invalid:id")
        #expect(code(structured("\"id\":\(String(repeating: "1", count: 1_025))")) == "attribute_invalid:id")
    }

    @Test func `Members of the extensions object count where the envelope has none of that name`() throws {
        let signal = try structured(
            #""subject":null,"extensions":{"id":"x","source":"/s","subject":"c","time":"2026-01-02T03:04:05Z"}"#
        ).get()
        #expect(signal.id == "x" && signal.source == "/s" && signal.time == "2026-01-02T03:04:05Z")
        #expect(try structured(#""id":"top","extensions":{"id":"x"}"#).get().id == "top")
        #expect(code(structured(#""extensions":{"subject":"other"}"#)) == "subject_mismatch")
    }

    @Test
    func `Attributes with the prefix of CloudEvents SDKs are the same attributes, so a repeat is the same signal`()
        throws
    {
        let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
        let properties = [
            ("ce-specversion", "1.0"), ("ce-id", "order 17"), ("ce-source", "/shop"), ("ce-type", "conv.in.note.taken"),
            ("ce-subject", "c"), ("ce-time", "2026-11-28T07:13:43+00:00"), ("ce-correlationid", "k%20"),
            ("ce-traceparent", trace), ("content-type", "application/json"), ("ce-no-name", "x"),
        ]
        let signal = try decode(#"{"content":"x","specversion":"1.0"}"#, properties: properties).get()
        #expect(signal.id == "order 17" && signal.source == "/shop" && signal.traceparent == trace)
        #expect(signal.time == "2026-11-28T07:13:43+00:00")
        #expect(String(decoding: signal.extensions, as: UTF8.self) == #""correlationid":"k%20""#)
        #expect(String(decoding: signal.data, as: UTF8.self).contains(#""specversion":"1.0""#))
        #expect(code(decode("{}", properties: [("ce-id", "")])) == "attribute_invalid:id")
        #expect(code(decode("{}", properties: [("ce-type", "conv.in.other")])) == "type_mismatch")
    }

    @Test func `An attribute without the prefix wins over the one with it, in any order`() throws {
        for properties in [[("id", "a"), ("ce-id", "b")], [("ce-id", "b"), ("id", "a")]] {
            #expect(try decode("{}", properties: properties).get().id == "a")
        }
    }

    @Test(arguments: [nil, "application/cloudevents-batch+json", "Application/CloudEvents-Batch+JSON; charset=utf-8"])
    func `A batch of CloudEvents is refused as a batch`(contentType: String?) throws {
        let message = InboundMessage(
            topic: "conv/in/c/note/taken", payload: Array(#" [{"specversion":"1.0","id":"1","data":{}}]"#.utf8),
            contentType: contentType)
        let result = Envelope.decode(message, defaults: EnvelopeDefaults { "made-here" })
        #expect(code(result) == "payload_not_object")
        guard case .failure(let rejection) = result else { return }
        #expect(rejection.message.contains("CloudEvents batch"))
    }

    @Test(arguments: ["[1]", "[]", "[{}]", "[", "[{\"a\":1}]"]) func `Other arrays are not batches`(payload: String) {
        guard case .failure(let rejection) = decode(payload) else { return #expect(Bool(false)) }
        #expect(!rejection.message.contains("batch"))
    }

    // MARK: Data

    @Test(arguments: [
        #"{"specversion":"1.0"}"#, #"{"specversion":"1.0","data":null}"#, #"{"specversion":"1.0","data_base64":null}"#,
        "",
        "null", " null ",
    ])
    func `An event without data has the data {}`(payload: String) throws {
        for topic in ["conv/in/c/control/abort_requested", "conv/in/c/note/taken"] {
            let signal = try decode(payload, topic: topic).get()
            #expect(String(decoding: signal.data, as: UTF8.self) == #"{"message_id":"made-here","ingress":"mqtt"}"#)
        }
        #expect(
            try decode(payload, properties: payload.contains("specversion") ? [] : [("id", "b")]).get().subject == "c")
    }

    @Test func `A type with required members names them when data is missing`() {
        let envelope = #"{"specversion":"1.0","type":"conv.effect.tool.execution.started"}"#
        #expect(code(decode(envelope, topic: "conv/ingest/c")) == "payload_missing:effect_id,lifecycle")
        let binary = [("specversion", "1.0"), ("type", "conv.out.x")]
        #expect(code(decode("", topic: "conv/ingest/c", properties: binary)) == "payload_missing:output_id,channel")
    }

    @Test(arguments: [
        #""data":"""#, #""data":[]"#, #""data":0"#, #""data":false"#, #""data_base64":"""#, #""data_base64":"e30=""#,
    ])
    func `Data that are not an object are refused`(member: String) {
        #expect(code(decode("{\"specversion\":\"1.0\",\(member)}")) == "payload_not_object")
    }

    // MARK: Blank attributes and wrong kinds

    static let known = [
        "time", "datacontenttype", "dataschema", "causationid", "cause_id", "conversation_id", "project_id",
        "forkedfrom",
        "correlationid", "partitionkey",
    ]

    @Test(arguments: known)
    func `No attribute may be blank, and null counts as absent`(name: String) {
        let refused = "attribute_invalid:\(name == "cause_id" ? "causationid" : name)"
        for value in [
            "\"\"", "\" \"", "\"\\t\"", "\"\\u3000\"", "\"\\u0007\"", "\"a\\ufdd0\"", "{}", "[]", "1.5", "[\"a\"]",
        ] {
            let code = code(structured("\"\(name)\":\(value)"))
            // An alias of the subject that could be a subject is checked as one.
            #expect(
                code == refused || (name == "conversation_id" && code == "attribute_invalid:subject"),
                "\(name): \(value)")
        }
        #expect(code(structured("\"\(name)\":null")) == "accepted")
        guard name != "conversation_id", name != "project_id" else { return }
        #expect(code(decode("{}", properties: [(name, " ")])) == refused)
        #expect(code(decode("{}", properties: [(name, "")])) == refused)
    }

    @Test(arguments: [
        "5", "true", "false", "{}", "[1]", "\"\"", "\" \"", "\"\(String(repeating: "x", count: 1_025))\"",
    ])
    func `A cause that can never come is refused at once, wherever it is given`(value: String) {
        for payload in [
            "{\"specversion\":\"1.0\",\"causationid\":\(value),\"data\":{}}",
            "{\"specversion\":\"1.0\",\"cause_id\":\(value)}",
            "{\"specversion\":\"1.0\",\"extensions\":{\"cause_id\":\(value)}}", "{\"cause_id\":\(value)}",
            "{\"specversion\":\"1.0\",\"data\":{\"cause_id\":\(value)}}",
        ] {
            #expect(code(decode(payload)) == "attribute_invalid:causationid", "\(payload.prefix(80))")
        }
    }

    @Test func `A null does not hide a value under another name`() throws {
        #expect(
            code(structured(#""contract_major":2,"extensions":{"contract_major":null}"#))
                == "contract_version_unsupported")
        #expect(try structured(#""cause_id":null,"extensions":{"cause_id":"a"}"#).get().cause == .signal("a"))
        #expect(
            try structured(#""project_id":"p","extensions":{"project_id":null}"#).get().extensions
                == Array(#""projectid":"p""#.utf8))
        let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
        #expect(
            try structured(#""traceparent":null,"extensions":{"traceparent":"\#(trace)"}"#).get().traceparent == trace)
    }

    @Test func `A version that is not a number is refused`() {
        for value in ["\"\"", "false", "true", "1.5", "0", "-1", "{}", "\"1\""] {
            #expect(code(structured("\"contractmajor\":\(value)")) == "contract_version_invalid", "\(value)")
        }
        #expect(code(structured("\"contractmajor\":null")) == "accepted")
        #expect(code(decode("{}", properties: [("contractmajor", "")])) == "contract_version_invalid")
    }

    @Test func `Only a copy names its origin`() throws {
        #expect(try structured(#""forkedfrom":"chat%2F1/17""#).get().isForked)
        for value in ["x", "a/b", "a/", "/1", "a/1/2", "%61/1", "a/-1", "a/+1", "a b/1"] {
            #expect(code(structured("\"forkedfrom\":\"\(value)\"")) == "attribute_invalid:forkedfrom", "\(value)")
        }
        #expect(code(structured(#""forkedfrom":1"#)) == "attribute_invalid:forkedfrom")
        // A cause recorded like that earlier can still be copied.
        #expect(code(decode(#"{"cause_id":5}"#, properties: [("forkedfrom", "a/1")])) == "accepted")
    }

    // MARK: Values

    @Test(arguments: [
        "2026-01-02T03:04:05Z", "2026-01-02T03:04:05+01:00", "2026-01-02T03:04:05-00:00", "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59.999999999Z", "2024-02-29T00:00:00.1Z", "2000-02-29T12:00:00-23:59",
    ])
    func `A time is RFC 3339`(time: String) throws {
        #expect(try structured("\"time\":\"\(time)\"").get().time == time)
        #expect(try decode("{}", properties: [("time", time)]).get().time == time)
    }

    @Test func `Small letters in a time become capitals, which every program reads`() throws {
        #expect(try structured(#""time":"2026-01-02t03:04:05.5z""#).get().time == "2026-01-02T03:04:05.5Z")
        #expect(try structured(#""time":"2026-01-02t03:04:05+01:00""#).get().time == "2026-01-02T03:04:05+01:00")
    }

    @Test(arguments: [
        "yesterday", "2026-01-02", "2026-01-02T03:04:05", "2026-02-30T00:00:00Z", "2023-02-29T00:00:00Z",
        "1900-02-29T00:00:00Z", "2026-04-31T00:00:00Z", "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z",
        "2026-01-00T00:00:00Z",
        "2026-01-02T24:00:00Z", "2026-01-02T03:60:05Z", "2016-12-31T23:59:60Z", "2026-01-02T03:04:61Z",
        "2026-01-02 03:04:05Z",
        "2026-01-02T03:04:05.Z", "2026-01-02T03:04:05,5Z", "2026-01-02T03:04:05.1234567890Z", "2026-01-02T03:04:05.5",
        "2026-01-02T03:04:05+1:00", "2026-01-02T03:04:05+0100", "2026-01-02T03:04:05+24:00",
        "2026-01-02T03:04:05+01:60",
        "2026-01-02T03:04:05ZZ", "2026-01-02T03:04Z", "2026-1-2T3:4:5Z", "0000-01-01T00:00:00Z",
        "10000-01-01T00:00:00Z",
        "+2026-01-02T03:04:05Z", "-026-01-02T03:04:05Z", "1767322800", "20260102T030405Z", "2026-W01-1T00:00:00Z",
        " 2026-01-02T03:04:05Z",
        "2026-01-02T03:04:05Z ", "２026-01-02T03:04:05Z",
    ])
    func `An invalid time is refused`(time: String) {
        #expect(code(structured("\"time\":\"\(time)\"")) == "attribute_invalid:time")
        #expect(code(decode("{}", properties: [("time", time)])) == "attribute_invalid:time")
        #expect(code(structured("\"extensions\":{\"time\":\"\(time)\"}")) == "attribute_invalid:time")
    }

    @Test(arguments: ["1767322800", "true", "false", "[]", "{}"])
    func `A time that is not text is refused, not replaced`(value: String) {
        #expect(code(structured("\"time\":\(value)")) == "attribute_invalid:time")
    }

    @Test(arguments: [
        "/s", "a", "urn:uuid:6e8bc430-9c3a-11d9-9669-0800200c9a66", "https://u:p@example.org:8080/a?b=c/d#e",
        "//host/x", "#x", "?q",
        "mailto:a@example.org", "http://[2001:db8::1]:80/", "a/b:c", "/a:b", "caf%C3%A9", "com.example:thing",
        "/a,b;c=d@e!$&'()*+",
        "file:///x", "1-555-123-4567", "sensors/tn-1234567/alerts",
    ])
    func `A source is a URI reference`(source: String) throws {
        #expect(try structured("\"source\":\"\(source)\"").get().source == source)
    }

    @Test(arguments: [
        "my shop", "café", "a%", "a%4", "a%zz", "1:2", "my_app:x", ":x", "a|b", "<a>", "a\\\\b", "{a}", "^", "`",
        "a#b#c", "[a]",
        "http://[::1", "http://h:port/", "http://[::1]x/", "a[1]", "\\u200b", "http://a b/", "\\\"",
    ])
    func `An invalid source is refused`(source: String) {
        #expect(code(structured("\"source\":\"\(source)\"")) == "attribute_invalid:source")
    }

    @Test func `A default source is a URI reference whatever the subject`() throws {
        #expect(
            try decode("{}", topic: "conv/in/caf%C3%A9%2F1%20x/note/taken").get().source == "/mqtt/caf%C3%A9%2F1%20x")
    }

    @Test func `A schema is an absolute URI, a content type a media type`() throws {
        let signal = try structured(
            #""dataschema":"https://example.org/s.json#/a","datacontenttype":"application/json; charset=utf-8""#
        )
        .get()
        #expect(String(decoding: signal.extensions, as: UTF8.self) == #""dataschema":"https://example.org/s.json#/a""#)
        for value in ["/relative", "x y", "example.org/s", "5:x"] {
            #expect(code(structured("\"dataschema\":\"\(value)\"")) == "attribute_invalid:dataschema", "\(value)")
        }
        for value in ["json", "a/", "/b", "a/b/c", "a b/c", "a/b c", "text /html"] {
            #expect(
                code(structured("\"datacontenttype\":\"\(value)\"")) == "attribute_invalid:datacontenttype", "\(value)")
        }
        for value in ["text/plain", "application/vnd.x+json ; a=b"] {
            #expect(code(structured("\"datacontenttype\":\"\(value)\"")) == "accepted", "\(value)")
        }
    }

    // MARK: Extensions

    @Test(arguments: [
        ("myExt", "myExt"), ("my_ext", "my_ext"), ("my-ext", "my-ext"), ("comExampleX", "comExampleX"),
        ("$schema", "$schema"),
        ("a.b", "a.b"), ("", "extensions"), ("a b", "extensions"), ("ü", "extensions"), ("trace_id", "trace_id"),
        ("abcdefghijklmnopqrstu", "abcdefghijklmnopqrstu"), ("a,b", "extensions"), ("Type", "Type"),
    ])
    func `An invalid attribute name is refused in an envelope and ignored among user properties`(
        name: String, label: String
    ) throws {
        for value in ["1", "\"x\"", "{}"] {
            #expect(code(structured("\"\(name)\":\(value)")) == "attribute_invalid:\(label)")
            #expect(code(structured("\"extensions\":{\"\(name)\":\(value)}")) == "attribute_invalid:\(label)")
        }
        #expect(code(structured("\"\(name)\":null")) == "accepted")
        #expect(try decode("{}", properties: [(name, "x")]).get().extensions.isEmpty)
    }

    @Test func `A long name is not repeated in the code`() {
        let name = String(repeating: "A", count: 10_000)
        guard case .failure(let rejection) = structured("\"\(name)\":1") else {
            Issue.record("accepted")
            return
        }
        #expect(rejection.code.description == "attribute_invalid:extensions" && rejection.message.utf8.count < 200)
    }

    @Test(arguments: [
        "true", "false", "0", "-5", "2147483647", "-2147483648", "\"x\"", "\"\\u00e9 \\\"q\\\"\"", "\"日本\"",
    ])
    func `An extension's value is a boolean, an integer of 32 bits or a text`(value: String) throws {
        let signal = try structured("\"abcdefghij0123456789\":\(value)").get()
        #expect(String(decoding: signal.extensions, as: UTF8.self) == "\"abcdefghij0123456789\":\(value)")
    }

    @Test(arguments: [
        "2147483648", "-2147483649", "1.5", "1e3", "1.0", "[]", "[1]", "{}", "{\"a\":1}", "\"\"", "\"a\\u0000\"",
        "\"a\\u0085\"",
        "\"\\udbff\\udfff\"", "\"\\ufdef\"",
    ])
    func `Another value is refused`(value: String) {
        #expect(code(structured("\"ext\":\(value)")) == "attribute_invalid:ext")
        #expect(code(structured("\"extensions\":{\"ext\":\(value)}")) == "attribute_invalid:ext")
    }

    @Test func `An extensions member that is not an object is refused`() {
        for value in ["\"x\"", "1", "[]", "true"] {
            #expect(code(structured("\"extensions\":\(value)")) == "attribute_invalid:extensions", "\(value)")
        }
    }

    @Test func `Trace context is a hint: invalid values are dropped, never refused`() throws {
        let good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
        for value in [good, "cc" + good.dropFirst(2) + "-more"] {
            #expect(try structured("\"traceparent\":\"\(value)\"").get().traceparent == value)
        }
        for value in [
            "\"\"", "5", "null", "\"00-a-b-01\"", "\"\(good.uppercased())\"", "\"\(good)-x\"",
            "\"ff\(good.dropFirst(2))\"",
            "\"00-\(String(repeating: "0", count: 32))-00f067aa0ba902b7-01\"", "\"\(good) \"", "[]",
        ] {
            #expect(try structured("\"traceparent\":\(value)").get().traceparent == nil, "\(value)")
        }
        #expect(try decode("{}", properties: [("traceparent", "x")]).get().traceparent == nil)
        for value in ["\"\"", "5", "{}", "\"a\\u0000\""] {
            #expect(try structured("\"tracestate\":\(value)").get().extensions.isEmpty, "\(value)")
        }
        #expect(try structured(#""tracestate":"a=b""#).get().extensions == Array(#""tracestate":"a=b""#.utf8))
    }

    // MARK: Types

    @Test(arguments: [
        "conv.in.", "conv.in..x", "conv.in.x.", "conv.in.x..y", "conv.in." + String(repeating: "a.", count: 210) + "z",
    ])
    func `A type whose topic brokers would not accept is refused`(type: String) {
        let envelope = "{\"specversion\":\"1.0\",\"type\":\"\(type)\"}"
        #expect(code(decode(envelope, topic: "conv/in/c")) == "attribute_invalid:type")
        #expect(code(decode(envelope, topic: "conv/ingest/c")) == "attribute_invalid:type")
        let levels = type.dropFirst("conv.in.".count).replacing(".", with: "/")
        #expect(code(decode("{}", topic: "conv/in/c/\(levels)")) == "attribute_invalid:type")
    }

    @Test func `A type's topic stays far from a broker's limits, whatever the root`() throws {
        let type = "conv.in." + String(repeating: "a.", count: 61) + "z"
        _ = try decode("{\"specversion\":\"1.0\",\"type\":\"\(type)\"}", topic: "conv/in/c").get()
        #expect(
            code(decode("{\"specversion\":\"1.0\",\"type\":\"\(type).z\"}", topic: "conv/in/c"))
                == "attribute_invalid:type")
        let root = String(repeating: "r/", count: 63) + "r"
        let topic = TopicName.topic(root: root, type: type, subject: String(repeating: "ß", count: 128))
        #expect(topic.split(separator: "/").count <= 200 && topic.utf8.count < 65_536)
        let wide = "conv.in." + String(repeating: "日", count: 338)
        #expect(TopicName.topic(root: root, type: wide, subject: "c").utf8.count < 65_536)
    }

    @Test func `Characters that mean something to brokers are escaped in the topic of a type`() throws {
        for word in ["+", "#", "$SYS", "$share", "a/b", "a b"] {
            let type = "conv.in.\(word)"
            let signal = try decode("{\"specversion\":\"1.0\",\"type\":\"\(type)\"}", topic: "conv/in/c").get()
            let topic = TopicName.topic(root: "conv", type: signal.type, subject: "c")
            #expect(
                !topic.contains("+") && !topic.contains("#") && !topic.contains("$")
                    && topic.split(separator: "/").count == 4)
            #expect(try decode("{}", topic: topic).get().type == type)
        }
    }
}

/// Journals of earlier versions contain values that are refused today.
@Suite struct RepairTests {
    private func published(_ signal: Signal) throws -> JSONValue {
        try JSONValue(
            EnvelopeEncoder.encode(
                signal, sequence: 1, partition: 0, offset: 1, recordedAt: "2026-02-02T00:00:00.000000Z"))
    }

    private func signal(
        source: String = "/s", time: String? = nil, cause: Cause = .none, traceparent: String? = nil,
        extensions: String = ""
    ) -> Signal {
        Signal(
            id: "1", source: source, type: "conv.out.x", subject: "c", time: time, cause: cause,
            traceparent: traceparent,
            extensions: Array(extensions.utf8), data: Array("{}".utf8))
    }

    @Test(arguments: ["yesterday", "", "2026-02-30T00:00:00Z"])
    func `An invalid recorded time is replaced by the time of recording`(time: String) throws {
        #expect(try published(signal(time: time))["time"]?.string == "2026-02-02T00:00:00.000000Z")
    }

    @Test func `A recorded attribute that is invalid in a CloudEvent is left out; the others stay`() throws {
        let event = try published(
            signal(
                source: "my café", cause: .signal(" "), traceparent: "00-a-b-01",
                extensions: #""myExt":1,"a":[1],"correlationid":"k","b":1.5,"c":"","forkedfrom":"","d":true,"n":null"#))
        #expect(event["source"]?.string == "my%20caf%C3%A9")
        let names = Set((event.object ?? []).map(\.key))
        #expect(
            names == [
                "specversion", "id", "source", "type", "subject", "time", "datacontenttype", "contractmajor",
                "correlationid",
                "d", "sequence", "partition", "offset", "data",
            ])
        _ = try published(signal(extensions: #""myExt":1"#))
    }

    @Test func `A copy that an earlier version recorded stays a copy`() {
        #expect(signal(extensions: #""forkedfrom":"""#).isForked)
    }
}
