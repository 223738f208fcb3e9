import Conversation
import Signals
import Testing

@Suite struct QueryRequestTests {
    private func refusal(_ view: QueryView, subject: String = "a", _ items: [(name: String, value: String)]) -> String?
    {
        do throws(QueryError) {
            _ = try QueryRequest(view, subject: subject, parameters: items)
            return nil
        } catch { return error.code.rawValue }
    }

    @Test func `An unknown or invalid parameter of a view is refused`() {
        #expect(refusal(.timeline, [("limit", "10"), ("before", "5")]) == nil)
        #expect(refusal(.state, [("limit", "10")]) == "parameter_unknown")
        #expect(refusal(.timeline, [("Limit", "10")]) == "parameter_unknown")
        #expect(refusal(.timeline, [("limit", "0")]) == "parameter_invalid")
        #expect(refusal(.timeline, [("limit", "501")]) == "parameter_invalid")
        #expect(refusal(.timeline, [("limit", "ten")]) == "parameter_invalid")
        #expect(refusal(.timeline, [("before", "-1")]) == "parameter_invalid")
        #expect(refusal(.timeline, [("before", "99999999999999999999")]) == "parameter_invalid")
        #expect(refusal(.events, [("before", "1"), ("after", "1")]) == "parameter_invalid")
        #expect(refusal(.events, [("after_sequence", "1")]) == "parameter_missing")
        #expect(refusal(.events, [("after_sequence", "1"), ("family", "in,out")]) == "parameter_missing")
        #expect(refusal(.events, [("family", "in,")]) == "parameter_invalid")
        #expect(refusal(.events, [("since", "yesterday")]) == "parameter_invalid")
        #expect(refusal(.trace, []) == "parameter_missing")
        #expect(refusal(.conversations, [("order", "random")]) == "parameter_invalid")
        #expect(refusal(.conversations, [("order", "recent"), ("cursor", "x")]) == "parameter_invalid")
        #expect(refusal(.effects, [("limit", "500"), ("cursor", "7-0")]) == nil)
        #expect(refusal(.effects, [("prefix", "a")]) == "parameter_unknown")
        #expect(refusal(.state, subject: " ", []) == "parameter_invalid")
        #expect(refusal(.state, subject: String(repeating: "x", count: 257), []) == "parameter_invalid")
    }

    @Test func `A JSON object and a query string are equivalent`() throws {
        let json = try QueryRequest.parameters(
            json: Array(
                #"{"limit":7,"family":["out","effect"],"type":["conv.out.*","conv.effect.timer.wait.started"],"as_of":"12","before":null}"#
                    .utf8))
        let one = try QueryRequest(.events, subject: "a", parameters: json)
        let other = try QueryRequest(
            .events, subject: "a",
            parameters: [
                ("limit", "7"), ("family", "out,effect"),
                ("type", "conv.out.*,conv.effect.timer.wait.started"),
                ("as_of", "12"),
            ])
        #expect(one == other)
        #expect(one.families == [.output, .effect] && one.asOf == 12)
        #expect(one.types == [.prefix("conv.out."), .exact("conv.effect.timer.wait.started")])
        #expect(throws: QueryError.self) { try QueryRequest.parameters(json: Array("[1]".utf8)) }
        #expect(throws: QueryError.self) { try QueryRequest.parameters(json: Array("{".utf8)) }
        #expect(try QueryRequest.parameters(json: []).isEmpty)
    }

    @Test func `A topic names a conversation and a view`() throws {
        let topic = QueryTopic.topic(root: "site/conv", view: .state, subject: "café/1")
        #expect(topic == "site/conv/query/caf%C3%A9%2F1/state")
        #expect(try QueryTopic.request(topic: topic, payload: [], root: "site/conv").subject == "café/1")
        #expect(QueryTopic.topic(root: "conv", view: .conversations, subject: "x") == "conv/query/_/conversations")
        #expect(QueryTopic.topic(root: "conv", view: .effects, subject: "x") == "conv/query/_/effects")
        #expect(QueryPath.path(view: .effects, subject: "x", parameters: [("limit", "5")]) == "/v1/effects?limit=5")
        #expect(QueryPath.path(view: .conversations, subject: "", parameters: []) == "/v1/conversations")
        for wrong in [
            "conv/query/a", "conv/query/a/nothing", "conv/query/a/state/more", "conv/query/%zz/state",
            "conv/query/%61/state", "conv/query/a%2fb/state", "conv/query/a b/state", "conv/query//state",
            "conv/query/a/%73tate",
        ] {
            #expect(throws: QueryError.self) { try QueryTopic.request(topic: wrong, payload: [], root: "conv") }
        }
    }

    @Test(arguments: [
        "chat-42", "a/b", "#", "+", "$SYS", "a b", "%41", "100%", "é", "e\u{301}", "日本語", "😀", "~:@-_.",
        "project/a+b/conversation/c%2Fd", "?&=;,!'()*[]{}|\\^`\"<>", ".", "..", "...",
    ])
    func `A subject becomes one path segment and reads back`(subject: String) throws {
        let segment = QueryPath.segment(subject)
        #expect(try #require(QueryPath.subject(segment: segment)).utf8.elementsEqual(subject.utf8))
        #expect(!segment.contains("/") && segment != "." && segment != "..")
    }

    @Test func `Only characters that URIs reserve may be escaped or plain in a path`() {
        for segment in ["a:b@c", "a%3Ab%40c", "a%3Ab@c"] { #expect(QueryPath.subject(segment: segment) == "a:b@c") }
        for segment in ["a!$&'()*+,;=b", "a%21%24%26%27%28%29%2A%2B%2C%3B%3Db"] {
            #expect(QueryPath.subject(segment: segment) == "a!$&'()*+,;=b")
        }
        for segment in [
            "", ".", "..", "%2E.", ".%2E", "%2E%2E%2E", "%61", "%2D", "%7E", "%5F", "a%2fb", "%c3%A9", "é", "a b", "%",
            "%2", "%2g",
            "%FF", "%C3", "a\"", "<", "%+1",
        ] {
            #expect(QueryPath.subject(segment: segment) == nil, "\(segment)")
        }
    }

    @Test func `A view of all conversations is asked for under the level _ and nowhere else`() throws {
        for view in QueryView.allCases where !view.needsSubject {
            #expect(try QueryTopic.request(topic: "conv/query/_/\(view)", payload: [], root: "conv").view == view)
            for level in ["kiosk-7", "", "%5F", "+", "__"] {
                #expect(throws: QueryError.self, "\(view) under \(level)") {
                    try QueryTopic.request(topic: "conv/query/\(level)/\(view)", payload: [], root: "conv")
                }
            }
        }
    }

    @Test func `A client's response topic is below the subject that it writes to`() {
        func topic(_ topic: String) -> String { QueryTopic.responseTopic(for: topic, root: "site/conv", client: "me") }
        #expect(topic("site/conv/query/caf%C3%A9/state") == "site/conv/receipt/caf%C3%A9/me")
        #expect(topic("site/conv/query/_/effects") == "site/conv/receipt/_/me")
        #expect(topic("site/conv/in/a/message/received") == "site/conv/receipt/a/me")
        #expect(topic("site/conv/ingest/a") == "site/conv/receipt/a/me")
    }

    @Test func `Times are read by RFC 3339`() {
        #expect(RFC3339.microseconds("1970-01-01T00:00:00Z") == 0)
        #expect(RFC3339.microseconds("2026-11-22T19:32:24.222288Z") == 1_795_375_944_222_288)
        #expect(RFC3339.microseconds("2026-11-22t20:32:24.2222881234+01:00") == 1_795_375_944_222_288)
        #expect(RFC3339.microseconds("1969-12-31T23:59:59Z") == -1_000_000)
        for wrong in ["", "2026-11-22", "2026-11-22T19:32:24", "2026-13-22T19:32:24Z", "2026-11-22T19:32:24.Z", "x"] {
            #expect(RFC3339.microseconds(wrong) == nil)
        }
    }
}
