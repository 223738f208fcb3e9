import Signals
import Testing

@testable import Dialogue

@Suite("Event summaries")
struct EventSummaryTests {
    @Test(
        "Text is shown as text; failures, waits, tools and ends with their reason, whatever else they hold",
        arguments: [
            (#"{"delta":"a"}"#, EventSummary.text("a")), (#"{"content":"hi"}"#, .text("hi")),
            (#"{"content":"","category":"provider","message":"HTTP 500"}"#, .note("provider: HTTP 500")),
            (
                #"{"content":"half","category":"config","code":"empty_message","message":"m"}"#,
                .note("config/empty_message: m")
            ),
            (
                #"{"reason":"provider","message":"answered 429","retry_in_ms":29001}"#,
                .note("provider: answered 429: next attempt in 30 s")
            ),
            (#"{"content":"one","lifecycle":"canceled","reason":"forked"}"#, .note("forked")),
            (
                #"{"lifecycle":"failed","tool_name":"clock","error":{"class":"auth","message":"denied"}}"#,
                .note("clock: auth: denied")
            ),
            (#"{"tool_name":"refund","arguments":"{\"amount\":40}"}"#, .note(#"refund: {"amount":40}"#)),
            (
                #"{"audit_id":"a","category":"rejection","code":"malformed_json","message":"m"}"#,
                .note("rejection/malformed_json: m")
            ),
            (#"{"category":"dead_letter","reason":"cause_timeout"}"#, .note("dead_letter: cause_timeout")),
            (#"{"original_type":"conv.in.x","subject":"s"}"#, .note("conv.in.x")),
            (#"{"effect_id":"e","reason":"too dear"}"#, .note("e: too dear")),
            (#"{"content":[{"type":"text"}]}"#, .text(#"[{"type":"text"}]"#)),
        ] as [(String, EventSummary)])
    func summary(data: String, expected: EventSummary) throws {
        #expect(EventSummary(try JSONValue(Array(data.utf8))) == expected)
    }

    @Test("An event without text has no summary")
    func silent() throws {
        #expect(EventSummary(try JSONValue(Array(#"{"content":""}"#.utf8))) == nil)
        #expect(EventSummary(nil) == nil)
    }
}
