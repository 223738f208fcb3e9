import Conversation
import Testing

private func generated(_ id: String, effect: String, _ text: String, calls: [String] = []) -> ProjectionEvent {
    let list = calls.map { #"{"id":"\#($0)","name":"search","arguments":"{}"}"# }.joined(separator: ",")
    return projected(
        id, "conv.effect.llm.generation.completed",
        #"{"effect_id":"\#(effect)","lifecycle":"completed","content":"\#(text)","tool_calls":[\#(list)]}"#)
}

private func shown(_ id: String, effect: String?, _ text: String) -> ProjectionEvent {
    let member = effect.map { #","effect_id":"\#($0)""# } ?? ""
    return projected(
        id, "conv.out.assistant.completed", #"{"output_id":"o","channel":"web","content":"\#(text)"\#(member)}"#)
}

/// A lifecycle signal of the generation that answers a message.
private func generation(
    _ id: String, _ lifecycle: String, of message: String, _ text: String = "", attempt: Int = 1
) -> ProjectionEvent {
    projected(
        id, "conv.effect.llm.generation.\(lifecycle)",
        #"{"effect_id":"llm-generation-\#(message)","lifecycle":"\#(lifecycle)","attempt":\#(attempt),"content":"\#(text)"}"#
    )
}

private func tool(_ id: String, _ end: String, call: String, _ members: String) -> ProjectionEvent {
    projected(
        id, "conv.effect.tool.execution.\(end)", #"{"effect_id":"t","tool_call_id":"\#(call)",\#(members)}"#)
}

/// Each message's generation starts right behind the message.
private func request(_ events: [ProjectionEvent]) -> LLMContextProjection {
    let answered = events.flatMap { event in
        event.type == "conv.in.message.received"
            ? [event, generation("s\(event.id)", "started", of: event.id)] : [event]
    }
    return LLMContextProjection(of: answered, options: .request())
}

/// The events as they are.
private func exactly(_ events: [ProjectionEvent]) -> LLMContextProjection {
    LLMContextProjection(of: events, options: .request())
}

/// `role:content` of each message, which most rules are about.
private func brief(_ messages: [ChatMessage]) -> [String] { messages.map { "\($0.role):\($0.content)" } }

private let dangling = "tool:No result: the call has not finished."

@Suite struct LLMContextViewTests {
    @Test func `The view shows what was shown, not how it was made`() {
        let events = [
            user("1", "q"), generated("2", effect: "e", "a", calls: ["c"]), delta("3", "a"),
            shown("4", effect: "e", "a"),
            tool("5", "completed", call: "c", #""content":"r""#),
            projected("6", "conv.out.tool.status", #"{"status":"s"}"#),
            projected("7", "conv.effect.llm.generation.canceled", #"{"effect_id":"f","content":"part"}"#),
        ]
        #expect(brief(LLMContextProjection(of: events).messages()) == ["user:q", "assistant:a", "tool:s"])
    }

    @Test func `A hidden status still separates deltas`() {
        let events = [delta("1", "a"), projected("2", "conv.out.tool.status"), delta("3", "b"), delta("4", "c")]
        let options = LLMContextProjection.Options(includesDeltas: true, includesToolStatus: false)
        #expect(
            brief(LLMContextProjection(of: events, options: options).messages()) == ["assistant:a", "assistant:bc"])
    }

    @Test func `The default limit is forty messages`() {
        let context = LLMContextProjection(of: (0..<100).map { user("\($0)", "\($0)") })
        #expect(context.messages().count == 40)
        #expect(brief(context.messages(last: 2)) == ["user:98", "user:99"])
        #expect(context.messages(last: 0).count == 100)
    }

    @Test func `A message's JSON has its members in a fixed order`() {
        let messages = request([
            generated("1", effect: "e", "a", calls: ["c"]), tool("2", "completed", call: "c", #""content":"r""#),
        ])
        .messages()
        #expect(
            json(messages.encode()) == #"""
                [{"role":"assistant","content":"a","event_id":"1","tool_calls":[{"id":"c","name":"search","arguments":"{}"}]},{"role":"tool","content":"r","event_id":"2","tool_call_id":"c"}]
                """#)
    }
}

@Suite struct LLMRequestTests {
    @Test func `An answer recorded as both effect and output appears once`() {
        let events = [user("1", "q"), generated("2", effect: "e", "a"), shown("3", effect: "e", "a"), user("4", "q2")]
        #expect(brief(request(events).messages()) == ["user:q", "assistant:a", "user:q2"])
    }

    @Test func `An output of an unknown generation is a message`() {
        let events = [
            shown("1", effect: nil, "a person"), shown("2", effect: "x", "a bridge"),
            shown("3", effect: nil, "a person"),
        ]
        #expect(
            brief(request(events).messages()) == ["assistant:a person", "assistant:a bridge", "assistant:a person"])
        // If its generation's end comes later, the generation is known by then.
        #expect(request(events + [generated("4", effect: "x", "a bridge")]).messages().count == 3)
    }

    @Test(arguments: ["completed", "failed", "canceled"])
    func `The first end of a generation counts`(end: String) {
        let first = projected("1", "conv.effect.llm.generation.\(end)", #"{"effect_id":"e","content":"first"}"#)
        let late = [generated("2", effect: "e", "late"), shown("3", effect: "e", "late")]
        let expected = end == "failed" ? [] : ["assistant:first"]
        #expect(brief(request([first] + late).messages()) == expected)
    }

    @Test func `Text of a canceled generation stays, unless it is blank or unwanted`() {
        let events = ["half an", "", " "].enumerated().map { index, text in
            projected(
                "\(index)", "conv.effect.llm.generation.canceled", #"{"effect_id":"e\#(index)","content":"\#(text)"}"#)
        }
        #expect(brief(request(events).messages()) == ["assistant:half an"])
        let options = LLMContextProjection.Options(answers: .effects, keepsCanceledText: false)
        #expect(LLMContextProjection(of: events, options: options).messages().isEmpty)
    }

    @Test func `An answer's text is found where the reducer finds it, and nothing is made up`() {
        let events = [
            #"{"effect_id":"1","content":"a"}"#, #"{"effect_id":"2","content":" ","result":{"text":"b"}}"#,
            #"{"effect_id":"3","result":{"summary":"c"}}"#, #"{"effect_id":"4","result":"d"}"#,
            #"{"effect_id":"5","result":{"x":1}}"#, #"{"effect_id":"6","content":false}"#, "null",
        ].enumerated().map { projected("\($0)", "conv.effect.llm.generation.completed", $1) }
        #expect(brief(request(events).messages()) == ["assistant:a", "assistant:b", "assistant:c", "assistant:d"])
    }

    // MARK: The place of a message

    @Test func `With messages that wait for each other, the model sees question, answer, question`() {
        let events = [
            user("1", "q1"), generation("2", "started", of: "1"), user("3", "q2"), user("4", "q3"),
            generation("5", "completed", of: "1", "a1"), generation("6", "started", of: "3"),
            generation("7", "completed", of: "3", "a2"), generation("8", "started", of: "4"),
        ]
        #expect(brief(exactly(events).messages()) == ["user:q1", "assistant:a1", "user:q2", "assistant:a2", "user:q3"])
        #expect(brief(exactly(Array(events.prefix(6))).messages()) == ["user:q1", "assistant:a1", "user:q2"])
    }

    @Test func `A message whose generation has not started is not part of the context`() {
        let context = exactly([user("1", "q1"), generation("2", "started", of: "another")])
        #expect(context.messages().isEmpty)
        #expect(context.isWaiting(for: "llm-generation-1"))
    }

    @Test func `Another attempt does not move the message`() {
        let events = [
            user("1", "q1"), generation("2", "started", of: "1"), user("3", "q2"), generation("4", "started", of: "3"),
            generation("5", "started", of: "1", attempt: 2), generation("6", "completed", of: "1", "a1"),
        ]
        #expect(brief(exactly(events).messages()) == ["user:q1", "user:q2", "assistant:a1"])
    }

    @Test(arguments: [("canceled", ["user:q"]), ("completed", ["user:q"]), ("failed", [])])
    func `A message whose generation ends without a start stands at that end, unless it was rejected`(
        end: String, expected: [String]
    ) {
        let context = exactly([user("1", "q"), generation("2", end, of: "1")])
        #expect(brief(context.messages()) == expected)
        #expect(!context.isWaiting(for: "llm-generation-1"))
        // A start that is recorded after the end changes nothing.
        let late = exactly([user("1", "q"), generation("2", end, of: "1"), generation("3", "started", of: "1")])
        #expect(brief(late.messages()) == expected)
    }

    @Test func `A message whose generation failed after its start stays`() {
        let events = [user("1", "q"), generation("2", "started", of: "1"), generation("3", "failed", of: "1")]
        #expect(brief(exactly(events).messages()) == ["user:q"])
    }

    @Test func `Waiting messages are bounded; the newest are kept`() {
        var context = exactly((0..<1_500).map { user("\($0)", "\($0)") })
        for id in ["499", "500", "1499"] { context.apply(generation("s\(id)", "started", of: id)) }
        #expect(brief(context.messages()) == ["user:500", "user:1499"])
    }

    // MARK: Tools

    @Test func `Results stand behind their calls in the order of the calls, whatever came between and in what order`() {
        let events = [
            user("1", "q"), generated("2", effect: "e", "", calls: ["a", "b"]), user("3", "still there?"),
            tool("4", "completed", call: "b", #""content":"B""#), tool("5", "completed", call: "a", #""content":"A""#),
        ]
        let messages = request(events).messages()
        #expect(brief(messages) == ["user:q", "assistant:", "tool:A", "tool:B", "user:still there?"])
        #expect(messages.map(\.toolCallID) == [nil, nil, "a", "b", nil])
        #expect(messages.map(\.eventID) == ["1", "2", "5", "4", "3"])
    }

    @Test func `A call without a result has a placeholder until the result comes`() {
        var context = request([
            generated("1", effect: "e", "", calls: ["a", "b"]), tool("2", "completed", call: "b", #""content":"B""#),
        ])
        #expect(brief(context.messages()) == ["assistant:", dangling, "tool:B"])
        #expect(context.messages()[1].eventID == nil && context.messages()[1].toolCallID == "a")
        context.apply(tool("3", "completed", call: "a", #""content":"A""#))
        #expect(brief(context.messages()) == ["assistant:", "tool:A", "tool:B"])
    }

    @Test func `The first result of a call counts; a result without a call does not`() {
        let events = [
            tool("1", "completed", call: "a", #""content":"too early""#), generated("2", effect: "e", "", calls: ["a"]),
            tool("3", "canceled", call: "a", #""reason":"stop""#),
            tool("4", "completed", call: "a", #""content":"late""#),
            tool("5", "completed", call: "z", #""content":"whose?""#),
        ]
        #expect(brief(request(events).messages()) == ["assistant:", "tool:Canceled: stop"])
    }

    @Test func `If a provider reuses call ids in each answer, each result still follows its own call`() {
        let events = [
            generated("1", effect: "e", "one", calls: ["0"]), tool("2", "completed", call: "0", #""content":"first""#),
            generated("3", effect: "f", "two", calls: ["0"]), tool("4", "completed", call: "0", #""content":"second""#),
            tool("5", "completed", call: "0", #""content":"third""#),
        ]
        #expect(brief(request(events).messages()) == ["assistant:one", "tool:first", "assistant:two", "tool:second"])
    }

    @Test(arguments: [
        ("completed", #""content":"r""#, "r"), ("completed", #""content":[104, 105]"#, "[104, 105]"),
        ("completed", #""content":{"a": 1}"#, #"{"a": 1}"#), ("completed", #""content":"""#, ""),
        ("completed", #""content":false"#, "false"), ("completed", #""result":7"#, "7"),
        ("completed", #""x":1"#, "Completed"),
        ("failed", #""message":"no route","category":"transport""#, "Failed (transport): no route"),
        ("failed", #""message":"no route""#, "Failed: no route"),
        ("failed", #""category":"timeout""#, "Failed (timeout)"),
        ("canceled", #""reason":"abort""#, "Canceled: abort"), ("canceled", #""x":1"#, "Canceled"),
    ])
    func `A result says how the tool ended`(end: String, members: String, expected: String) {
        let events = [generated("1", effect: "e", "", calls: ["a"]), tool("2", end, call: "a", members)]
        #expect(request(events).messages().last?.content == expected)
    }

    @Test(arguments: [
        (#"[{"id":"a","name":"f","arguments":"{\"x\":1}"}]"#, #"a f {"x":1}"#),
        (#"[{"id":"a","type":"function","function":{"name":"f","arguments":"{}"}}]"#, "a f {}"),
        (#"[{"id":"a","name":"f","arguments":{"x": 1}}]"#, #"a f {"x": 1}"#), (#"[{"id":"a","name":"f"}]"#, "a f {}"),
        (#"[{"id":"a","name":"f"},{"id":"a","name":"g"},{"name":"h"},{"id":"i"},{"id":"","name":"j"},7]"#, "a f {}"),
        (#"{"id":"a","name":"f"}"#, ""), ("null", ""),
    ])
    func `Tool calls are read in Convey's form and in OpenAI's, and calls without id or name are left out`(
        calls: String, expected: String
    ) {
        let data = #"{"effect_id":"e","content":"c","tool_calls":\#(calls)}"#
        let messages = request([projected("1", "conv.effect.llm.generation.completed", data)]).messages()
        #expect(messages[0].toolCalls.map { "\($0.id) \($0.name) \($0.arguments)" }.joined(separator: ";") == expected)
    }

    // MARK: Limits

    @Test func `The system prompt comes first; a blank one is left out`() {
        let context = request([user("1", "q")])
        #expect(brief(context.request(systemPrompt: "Be brief.")) == ["system:Be brief.", "user:q"])
        #expect(brief(context.request(systemPrompt: " \n")) == ["user:q"])
        #expect(brief(context.request(systemPrompt: "Be brief.", tokenBudget: 0)) == ["system:Be brief.", "user:q"])
    }

    @Test func `A message counts a quarter of its characters as tokens, rounded up, plus four`() {
        #expect(ChatMessage(role: .user, content: "").estimatedTokens == 4)
        #expect(ChatMessage(role: .user, content: "abcd").estimatedTokens == 5)
        #expect(ChatMessage(role: .user, content: "abcd👩‍👩‍👧").estimatedTokens == 6)
        let call = ToolCall(id: "ignored", name: "find", arguments: "{}")
        #expect(ChatMessage(role: .assistant, content: "ab", toolCalls: [call]).estimatedTokens == 6)
    }

    @Test func `A budget drops the oldest first`() {
        let context = request((0..<10).map { user("\($0)", "four") })  // 5 tokens each
        #expect(context.request(tokenBudget: 50).count == 10)
        #expect(context.request(tokenBudget: 49).count == 9)
        #expect(context.request(systemPrompt: "four", tokenBudget: 49).count == 9)
        #expect(brief(context.request(tokenBudget: 14)) == ["user:four", "user:four"])
        #expect(context.request(tokenBudget: 14).first?.eventID == "8")
    }

    @Test func `Neither budget nor limit separates a message from its tool results`() {
        let context = request([
            user("1", "four"), generated("2", effect: "e", "four", calls: ["a", "b"]),
            tool("3", "completed", call: "a", #""content":"four""#),
            tool("4", "completed", call: "b", #""content":"four""#),
            user("5", "four"),
        ])
        // The message with two calls (20 characters more) has 9 or 10 tokens, each result 5, each user message 5.
        let group = ChatMessage(
            role: .assistant, content: "four",
            toolCalls: ["a", "b"].map { .init(id: $0, name: "search", arguments: "{}") })
        let whole = group.estimatedTokens + 20
        #expect(context.request(tokenBudget: whole).count == 5)
        #expect(context.request(tokenBudget: whole - 1).count == 4)
        #expect(context.request(tokenBudget: whole - 6).count == 1)
        #expect([5, 4, 3, 2, 1].map { context.messages(last: $0).count } == [5, 4, 1, 1, 1])
    }

    @Test func `The newest message stays with its results, however long`() {
        let context = request([user("1", "q"), generated("2", effect: "e", "", calls: ["a", "b"])])
        #expect(brief(context.request(tokenBudget: 1)) == ["assistant:", dangling, dangling])
        #expect(brief(context.messages(last: 1)) == ["assistant:", dangling, dangling])
    }

    @Test func `A context for requests keeps as many messages as it shows`() {
        var context = LLMContextProjection(options: .request(maxMessages: 3))
        for number in 0..<1_000 {
            context.apply(user("u\(number)", "u\(number)"))
            context.apply(generation("s\(number)", "started", of: "u\(number)"))
            context.apply(generated("g\(number)", effect: "\(number)", "g\(number)", calls: ["0"]))
        }
        #expect(
            brief(context.messages(last: 0)) == ["assistant:g998", dangling, "user:u999", "assistant:g999", dangling])
        // A result for a dropped message changes nothing.
        context.apply(tool("t", "completed", call: "1", #""content":"r""#))
        #expect(context.messages(last: 0).count == 5)
    }
}
