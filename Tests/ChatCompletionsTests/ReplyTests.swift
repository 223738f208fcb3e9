import Conversation
import Testing

@testable import ChatCompletions

/// How a provider's words are read, without a network.
@Suite struct ReplyTests {
    private func outcome(of data: [String], limits: ChatLimits = ChatLimits()) throws -> ChatOutcome {
        var reply = ChatReply(limits: limits)
        var deltas: [ChatDelta] = []
        for data in data { try reply.add(ServerSentEvent(data: Array(data.utf8)), into: &deltas) }
        return try reply.outcome(provider: "p")
    }

    private func calls(_ fragments: [String]) throws -> [ToolCall] {
        try outcome(
            of: fragments.map { chunk(delta: #"{"tool_calls":[\#($0)]}"#) } + [chunk(delta: "{}", finish: "tool_calls")]
        ).toolCalls
    }

    @Test func aReplyLetsGoOfItsTextWhereAllTogetherAreTooMuch() throws {
        let budget = ReplyTextBudget(limit: 10)
        func add(_ text: String, to reply: inout ChatReply) throws -> [ChatDelta] {
            var deltas: [ChatDelta] = []
            let delta = chunk(delta: #"{"content":"\#(text)"}"#)
            try reply.add(ServerSentEvent(data: Array(delta.utf8)), into: &deltas)
            return deltas
        }
        do {
            var first = ChatReply(limits: ChatLimits(), budget: budget)
            var second = ChatReply(limits: ChatLimits(), budget: budget)
            _ = try add("12345", to: &first)
            _ = try add("123", to: &second)
            #expect(try add("456", to: &second) == [.content("456")])
            #expect(second.content.isEmpty)
            #expect(second.hasOutput)
            #expect(budget.usedBytes == 5)
            let end = chunk(delta: "{}", finish: "tool_calls")
            var deltas: [ChatDelta] = []
            try first.add(ServerSentEvent(data: Array(end.utf8)), into: &deltas)
            try second.add(ServerSentEvent(data: Array(end.utf8)), into: &deltas)
            let kept = try first.outcome(provider: "p")
            #expect(kept.content == "12345" && kept.isTextKept)
            // Text without calls is an answer, whether or not it was kept.
            let letGo = try second.outcome(provider: "p")
            #expect(letGo.content.isEmpty && !letGo.isTextKept)
            #expect(letGo.finishReason == "stop")
        }
        #expect(budget.usedBytes == 0)
    }

    @Test func toolCallsAreAssembledByIndex() throws {
        let calls = try calls([
            #"{"index":0,"id":"c1","type":"function","function":{"name":"clock","arguments":""}}"#,
            #"{"index":0,"function":{"arguments":"{\"zo"}}"#,
            #"{"index":1,"id":"c2","type":"function","function":{"name":"weather","arguments":"{}"}}"#,
            #"{"index":0,"function":{"arguments":"ne\":1}"}}"#,
        ])
        #expect(
            calls == [
                ToolCall(id: "c1", name: "clock", arguments: #"{"zone":1}"#),
                ToolCall(id: "c2", name: "weather", arguments: "{}"),
            ])
    }

    @Test func toolCallsWithoutAnIndexBeginWithTheirIDOrName() throws {
        let calls = try calls([
            #"{"id":"c1","function":{"name":"clock","arguments":"{"}}"#, #"{"function":{"arguments":"}"}}"#,
            #"{"id":"c2","function":{"name":"clock","arguments":"{}"}}"#,
            #"{"function":{"name":"dice","arguments":"{}"}}"#,
        ])
        #expect(
            calls == [
                ToolCall(id: "c1", name: "clock", arguments: "{}"),
                ToolCall(id: "c2", name: "clock", arguments: "{}"),
                ToolCall(id: "call_2", name: "dice", arguments: "{}"),
            ])
    }

    @Test func callsWithOneIndexAndSeveralIDsAreSeveralCalls() throws {
        let calls = try calls([
            #"{"index":0,"id":"c1","function":{"name":"a","arguments":"{}"}}"#,
            #"{"index":0,"id":"c2","function":{"name":"b","arguments":"{}"}}"#,
        ])
        #expect(calls.map(\.id) == ["c1", "c2"])
        #expect(calls.map(\.arguments) == ["{}", "{}"])
    }

    @Test func aNameMayBeRepeatedOrCutAndArgumentsMayBeAnObject() throws {
        #expect(
            try calls([
                #"{"index":0,"id":"c1","function":{"name":"clock","arguments":"{"}}"#,
                #"{"index":0,"id":"c1","function":{"name":"clock","arguments":"}"}}"#,
                #"{"index":1,"id":"c2","function":{"name":"wea"}}"#, #"{"index":1,"function":{"name":"ther"}}"#,
                #"{"index":1,"function":{"arguments":{"a": 1}}}"#,
            ]) == [
                ToolCall(id: "c1", name: "clock", arguments: "{}"),
                ToolCall(id: "c2", name: "weather", arguments: #"{"a": 1}"#),
            ])
    }

    @Test func idsAreDifferentInAReply() throws {
        let calls = try calls([
            #"{"index":0,"id":"a","function":{"name":"x","arguments":"{}"}}"#,
            #"{"index":1,"id":"a","function":{"name":"y","arguments":"{}"}}"#,
            #"{"index":2,"id":"call_1","function":{"name":"z","arguments":"{}"}}"#,
            #"{"index":3,"function":{"name":"w","arguments":"{}"}}"#,
        ])
        #expect(calls.map(\.name) == ["x", "y", "z", "w"])
        #expect(calls.map(\.id) == ["a", "call_1_1", "call_1", "call_3"])
    }

    // MARK: What the provider wants returned

    @Test func membersOfACallThatTheFormatDoesNotKnowAreKept() throws {
        let calls = try calls([
            #"{"index":0,"id":"a","type":"function","extra_content":{"google":{"thought_signature":"S=="}},"function":{"name":"x","arguments":"","sig":1}}"#,
            #"{"index":0,"function":{"arguments":"{}"},"extra_content":{"other":{"a":null,"b":2}},"x":null}"#,
            #"{"index":1,"id":"b","function":{"name":"y","arguments":"{}"}}"#,
        ])
        #expect(
            calls.map { $0.members.map { String(decoding: $0, as: UTF8.self) } } == [
                #"{"extra_content":{"google":{"thought_signature":"S=="},"other":{"a":null,"b":2}},"function":{"sig":1}}"#,
                nil,
            ])
    }

    @Test func membersOfAMessageThatBelongToItsReasoningAreKeptAndOthersAreNot() throws {
        let result = try outcome(of: [
            chunk(delta: #"{"role":"assistant","annotations":[],"metadata":{"a":1},"reasoning_content":"h"}"#),
            chunk(
                delta: #"{"content":"x","reasoning_content":"m","extra_content":{"google":{"thought_signature":"A"}}}"#),
            chunk(delta: #"{"reasoning_details":[{"type":"reasoning.text","index":0,"text":"a","signature":null}]}"#),
            chunk(
                delta:
                    #"{"reasoning_details":[{"type":"reasoning.text","index":0,"text":"b"},{"type":"reasoning.encrypted","index":1,"data":"E"}]}"#
            ),
            chunk(
                delta: #"{"reasoning_details":[{"type":"reasoning.text","index":0,"signature":"S"}]}"#, finish: "stop"),
        ])
        #expect(result.reasoningMember == "reasoning_content")
        #expect(result.thinking == "hm")
        #expect(
            result.members.map { String(decoding: $0, as: UTF8.self) }
                == #"{"extra_content":{"google":{"thought_signature":"A"}},"reasoning_details":[{"type":"reasoning.text","index":0,"text":"ab","signature":"S"},{"type":"reasoning.encrypted","index":1,"data":"E"}]}"#
        )
    }

    @Test func reasoningThatIsEmptyIsAMemberAllTheSame() throws {
        let result = try outcome(of: [chunk(delta: #"{"content":null,"reasoning_content":""}"#, finish: "stop")])
        #expect(result.reasoningMember == "reasoning_content")
        #expect(try outcome(of: [textChunk("x", finish: "stop")]).reasoningMember == nil)
    }

    @Test func whatIsKeptCountsAsText() throws {
        var limits = ChatLimits()
        limits.textBytes = 20
        let delta = #"{"extra_content":{"s":"12345678901234567890"}}"#
        #expect(throws: ReplyFault.textTooLarge(limit: 20)) { try outcome(of: [chunk(delta: delta)], limits: limits) }
    }

    // MARK: Lists of parts

    @Test(arguments: [
        (
            #"[{"type":"thinking","thinking":[{"type":"text","text":"h"},{"type":"text","text":"m"}]},{"type":"text","text":"hi"}]"#,
            "hi", "hm"
        ),
        (#"[{"type":"thinking","thinking":"hm"}]"#, "", "hm"),
        (#"[{"type":"text","text":"a"},{"type":"text","text":"b"}]"#, "ab", ""),
        (
            #"["a",{"type":"image_url","image_url":{}},{"type":"output_text","text":"b"},{"type":"refusal","refusal":"c"}]"#,
            "abc", ""
        ),
        (#"{"type":"text","text":"a"}"#, "a", ""), ("[]", "", ""), (#"[{"type":"text","text":null},7,null]"#, "", ""),
        (#"[{"type":"reference","reference_ids":[1]}]"#, "", ""),
    ])
    func contentMayBeAListOfParts(content: String, text: String, thinking: String) throws {
        let streamed = try outcome(of: [chunk(delta: #"{"content":\#(content)}"#), chunk(delta: "{}", finish: "stop")])
        #expect(streamed.content == text)
        #expect(streamed.thinking == thinking)
        #expect(streamed.reasoningMember == nil)
        var reply = ChatReply(limits: ChatLimits())
        var deltas: [ChatDelta] = []
        let body =
            #"{"choices":[{"index":0,"message":{"role":"assistant","content":\#(content)},"finish_reason":"stop"}]}"#
        try reply.add(whole: Array(body.utf8), into: &deltas)
        #expect(try reply.outcome(provider: "p").content == text)
        #expect(try reply.outcome(provider: "p").thinking == thinking)
    }

    @Test func onlyTheFirstChoiceCounts() throws {
        let other = #"{"choices":[{"index":1,"delta":{"content":"no"},"finish_reason":"length"}]}"#
        #expect(try outcome(of: [other, textChunk("yes", finish: "stop"), other]).content == "yes")
        #expect(throws: ReplyFault.noFinishReason) { try outcome(of: [other]) }
    }

    @Test func aRefusalIsText() throws {
        #expect(try outcome(of: [textChunk("I will not", finish: "stop", member: "refusal")]).content == "I will not")
    }

    @Test func thinkingThatIsSentUnderBothNamesIsTakenOnce() throws {
        let both = chunk(delta: #"{"reasoning_content":"hm","reasoning":"hm","content":null}"#, finish: "stop")
        #expect(try outcome(of: [both]).thinking == "hm")
    }

    @Test func nullsEmptyTextAndUnknownMembersSayNothing() throws {
        let odd = #"{"choices":[],"usage":null,"error":null,"x":[1]}"#
        let result = try outcome(of: [
            odd, chunk(delta: #"{"role":"assistant","content":"","tool_calls":null}"#, finish: ""),
            chunk(delta: "null"), textChunk("x", finish: "length"), odd,
        ])
        #expect(result.content == "x")
        #expect(result.finishReason == "length")
        #expect(result.usage == nil)
    }

    @Test func whatDoesNotFitIsAFault() throws {
        var limits = ChatLimits()
        limits.toolCalls = 2
        limits.textBytes = 10
        let call = chunk(delta: #"{"tool_calls":[{"id":"a"},{"id":"b"},{"id":"c"}]}"#)
        #expect(throws: ReplyFault.tooManyToolCalls(limit: 2)) { try outcome(of: [call], limits: limits) }
        #expect(throws: ReplyFault.textTooLarge(limit: 10)) {
            try outcome(of: [textChunk("123456"), textChunk("123456", member: "reasoning")], limits: limits)
        }
        let long = chunk(delta: #"{"tool_calls":[{"id":"a","function":{"arguments":"12345678901"}}]}"#)
        #expect(throws: ReplyFault.textTooLarge(limit: 10)) { try outcome(of: [long], limits: limits) }
        #expect(throws: ReplyFault.unexpected("content")) { try outcome(of: [chunk(delta: #"{"content":7}"#)]) }
        #expect(throws: ReplyFault.self) { try outcome(of: ["{"]) }
        #expect(throws: ReplyFault.malformed(nil)) { try outcome(of: ["[]"]) }
    }

    @Test(arguments: [
        ("120", 120.0), ("0", 0), ("1.5", 1.5), ("-3", 0), ("Sun, 06 Nov 1994 08:49:37 GMT", 37),
        ("Sun, 06 Nov 1994 08:48:00 GMT", 0), ("999999999", 86_400), ("Thu, 01 Jan 2099 00:00:00 GMT", 86_400),
    ])
    func retryAfterIsSecondsOrADate(text: String, seconds: Double) {
        // 1994-11-06 08:49:00
        #expect(RetryAfter.parse(text, now: 784_111_740) == .seconds(seconds))
    }

    @Test(arguments: [
        "", "soon", "nan", "inf", "Sun, 06 Foo 1994 08:49:37 GMT", "Sun, 06 Nov 1994 25:49:37 GMT", "1 2 3",
    ])
    func aRetryAfterThatIsNoneIsNone(text: String) {
        #expect(RetryAfter.parse(text, now: 0) == nil)
    }

    @Test func datesAreCountedInTheGregorianCalendar() {
        #expect(RetryAfter.seconds(ofDate: "Thu, 01 Jan 1970 00:00:00 GMT") == 0)
        #expect(RetryAfter.seconds(ofDate: "Thu, 29 Feb 2024 12:00:00 GMT") == 1_709_208_000)
        #expect(RetryAfter.seconds(ofDate: "Fri, 01 Mar 2024 00:00:00 GMT") == 1_709_251_200)
        #expect(RetryAfter.seconds(ofDate: "Sun, 06 Nov 1994 08:49:37 GMT") == 784_111_777)
        // The two obsolete forms, which must still be read.
        #expect(RetryAfter.seconds(ofDate: "Sunday, 06-Nov-94 08:49:37 GMT") == 784_111_777)
        #expect(RetryAfter.seconds(ofDate: "Sun Nov  6 08:49:37 1994") == 784_111_777)
        #expect(RetryAfter.seconds(ofDate: "Sunday, 06-Nov-26 08:49:37 GMT") == 1_793_954_977)
    }

    @Test func retryAfterIsMeasuredFromTheProvidersOwnClock() {
        let headers = ["retry-after": "Sun, 06 Nov 1994 08:49:37 GMT", "date": "Sun, 06 Nov 1994 08:49:30 GMT"]
        #expect(ReplyHead(status: 429, header: { headers[$0] }, now: 1_800_000_000).retryAfter == .seconds(7))
        let both = ["retry-after": "9", "retry-after-ms": "250"]
        #expect(ReplyHead(status: 429, header: { both[$0] }, now: 0).retryAfter == .milliseconds(250))
    }

    @Test func wordsOfAProviderAreCleanedRedactedAndCut() {
        let text = "a\u{0}b\r\n\u{202e}c \(testKey)\u{301} \u{1b}[31m" + String(repeating: "é", count: 600)
        let clean = ProviderText.clean(text, secrets: [Secret(testKey)])
        #expect(clean.hasPrefix("a b c ***\u{301} [31m"))
        #expect(clean.unicodeScalars.count == 501)
        #expect(!clean.contains(testKey))
    }
}
