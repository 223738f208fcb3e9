import Conversation
import Testing

@testable import ChatCompletions

/// What a provider's words become, without a network.
@Suite struct ReplyTests {
    private func outcome(of data: [String], limits: ChatLimits = ChatLimits()) throws -> ChatOutcome {
        var reply = ChatReply(limits: limits)
        var deltas: [ChatDelta] = []
        for data in data { try reply.add(ServerSentEvent(data: Array(data.utf8)), into: &deltas) }
        return try reply.outcome(provider: "p")
    }

    private func calls(_ fragments: [String]) throws -> [ChatToolCall] {
        try outcome(
            of: fragments.map { chunk(delta: #"{"tool_calls":[\#($0)]}"#) } + [chunk(delta: "{}", finish: "tool_calls")]
        ).toolCalls
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
                ChatToolCall(id: "c1", name: "clock", arguments: #"{"zone":1}"#),
                ChatToolCall(id: "c2", name: "weather", arguments: "{}"),
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
                ChatToolCall(id: "c1", name: "clock", arguments: "{}"),
                ChatToolCall(id: "c2", name: "clock", arguments: "{}"),
                ChatToolCall(id: "call_2", name: "dice", arguments: "{}"),
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
                ChatToolCall(id: "c1", name: "clock", arguments: "{}"),
                ChatToolCall(id: "c2", name: "weather", arguments: #"{"a": 1}"#),
            ])
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
        #expect(throws: ReplyFault.unexpected("content")) { try outcome(of: [chunk(delta: #"{"content":[]}"#)]) }
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
