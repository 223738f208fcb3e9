import Conversation
import JournalSupport
import Testing

@Suite struct RequestMessagesTests {
    private func user(_ text: String) -> ChatMessage { ChatMessage(role: .user, content: text) }
    private func assistant(_ text: String, _ calls: [ToolCall] = [], event: String? = nil) -> ChatMessage {
        ChatMessage(role: .assistant, content: text, toolCalls: calls, eventID: event)
    }
    private func result(_ call: String, _ text: String) -> ChatMessage {
        ChatMessage(role: .tool, content: text, toolCallID: call)
    }
    private func call(_ id: String, _ name: String = "f", _ arguments: String = "{}") -> ToolCall {
        ToolCall(id: id, name: name, arguments: arguments)
    }

    /// `role:content` of each message.
    private func brief(_ history: [ChatMessage]) -> [String] {
        let made = RequestMessages(history).messages
        if let fault = StrictProvider.fault(in: made) { Issue.record("\(fault)") }
        return made.map { "\($0.role):\($0.content)" }
    }

    @Test func `A history that any server accepts stays as it is`() {
        let history = [
            ChatMessage(role: .system, content: "s"), user("q"), assistant("", [call("a"), call("b")]),
            result("a", "1"),
            result("b", "2"), assistant("it is"), user("q2"),
        ]
        #expect(RequestMessages(history).messages == history)
        #expect(RequestMessages(history).hasQuestion)
    }

    @Test func `Consecutive messages of one role are joined`() {
        #expect(
            brief([user("a"), user("b"), assistant("c"), assistant("d"), user("e")])
                == ["user:a\n\nb", "assistant:c\n\nd", "user:e"])
        #expect(
            brief([user("a"), assistant("half"), assistant("", [call("x")]), result("x", "1")])
                == ["user:a", "assistant:half", "tool:1"])
    }

    @Test func `An empty text is left out, and an empty tool result says so`() {
        #expect(
            brief([user("a"), assistant(" "), user(""), user("\n\u{3000}"), assistant("b"), user("c")])
                == ["user:a", "assistant:b", "user:c"])
        #expect(
            brief([user("a"), assistant(" ", [call("x")]), result("x", "")])
                == ["user:a", "assistant:", "tool:\(RequestMessages.emptyResult)"])
    }

    @Test func `A request begins with a user and ends with one, or with a tool's result`() {
        #expect(brief([assistant("a"), user("b")]) == ["user:\(RequestMessages.omission)", "assistant:a", "user:b"])
        #expect(brief([user("a"), assistant("b")]) == ["user:a", "assistant:b", "user:\(RequestMessages.goOn)"])
        #expect(!RequestMessages([user("a"), assistant("b"), user("")]).hasQuestion)
        #expect(RequestMessages([user(" ")]).messages.isEmpty)
    }

    @Test func `After results, the assistant comes before the next user message`() {
        #expect(
            brief([user("a"), assistant("", [call("x")]), result("x", "1"), user("b")])
                == ["user:a", "assistant:", "tool:1", "assistant:\(RequestMessages.noAnswer)", "user:b"])
    }

    @Test func `Each call has one result, in the order of the calls, and no result is without a call`() {
        let made = RequestMessages([
            result("lost", "0"), user("q"), assistant("", [call("a"), call("b")]), result("b", "2"), result("b", "3"),
            result("c", "4"),
        ])
        .messages
        #expect(made.compactMap(\.toolCallID) == ["a", "b"])
        #expect(made.map(\.content) == ["q", "", "No result: the call has not finished.", "2"])
    }

    @Test func `A repeated id is replaced in the call and in its result, always by the same id`() {
        let history = [
            user("q"), assistant("", [call("call_0")], event: "e1"), result("call_0", "first"),
            assistant("", [call("call_0"), call("call_0")], event: "e2"), result("call_0", "second"),
        ]
        let made = RequestMessages(history).messages
        let ids = made.flatMap(\.toolCalls).map(\.id)
        #expect(ids[0] == "call_0")
        #expect(Set(ids).count == 3)
        #expect(made.compactMap(\.toolCallID) == ids)
        #expect(RequestMessages(history).messages == made)
        // A window that begins later gives the call the same id.
        let later = RequestMessages(
            history + [assistant("", [call("call_0")], event: "e3"), result("call_0", "third")])
        #expect(later.messages.flatMap(\.toolCalls).map(\.id).prefix(3) == ids[...])
        #expect(ids[1...].allSatisfy { $0.count == 9 && $0.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber) } })
    }

    @Test(arguments: [
        ("get weather", "get_weather"), ("größe", "gr__e"), ("", "unknown"), ("a.b/c", "a_b_c"),
        (String(repeating: "x", count: 99), String(repeating: "x", count: 64)),
    ])
    func `An invalid tool name is made valid`(name: String, expected: String) {
        let made = RequestMessages([user("q"), assistant("", [call("a", name)])]).messages
        #expect(made.flatMap(\.toolCalls).map(\.name) == [expected])
        #expect(StrictProvider.fault(in: made) == nil)
    }

    @Test func `Reasoning is returned only after tool calls since the user's message`() {
        let members = ProviderMembers(provider: "p", reasoning: .init(member: "reasoning_content", text: "hm"))
        var history = [
            user("1"), assistant("no tools"), user("2"), assistant("", [call("a")]), result("a", "1"),
            assistant("with"),
            user("3"),
        ]
        for index in history.indices where history[index].role == .assistant {
            history[index].providerMembers = members
        }
        let made = RequestMessages(history).messages
        #expect(made.map { $0.providerMembers?.reasoning?.text } == [nil, nil, nil, "hm", nil, "hm", nil])
    }

    @Test(arguments: 0..<60)
    func `Whatever the journal holds, the strictest provider accepts the request made from it`(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var poisoned = PoisonedHistory(seed: seed)
        for _ in 0..<30 {
            let id = poisoned.exchange()
            let context = LLMContextProjection(of: poisoned.history.events(1), options: .request())
            for limit in [1, random.int(2...10), 40] {
                let budget = random.oneIn(2) ? random.int(0...200) : nil
                let history = context.request(
                    systemPrompt: random.oneIn(2) ? "s" : nil, tokenBudget: budget, last: limit)
                let made = RequestMessages(history)
                // Without a user's or assistant's text there is nothing to ask.
                guard made.messages.contains(where: { $0.role != .system }) else { continue }
                let fault = StrictProvider.fault(in: made.messages)
                #expect(fault == nil, "seed \(seed)")
            }
            poisoned.end(id)
        }
    }

    @Test func `The strict provider is strict`() {
        let call = call("a")
        let wrong: [[ChatMessage]] = [
            [], [user("a"), user("b")], [assistant("a"), user("b")], [user("a"), assistant("b")], [user("")],
            [user("a"), ChatMessage(role: .system, content: "s"), user("b")], [user("a"), assistant("", [call])],
            [user("a"), assistant("", [call]), result("b", "x")],
            [user("a"), assistant("", [call]), result("a", "x"), result("a", "x")],
            [user("a"), assistant("", [call]), result("a", "x"), user("b")],
            [user("a"), assistant("", [call, call]), result("a", "x"), result("a", "x")],
            [user("a"), assistant("", [self.call("a", "b c")]), result("a", "x")],
            [user("a"), assistant("", [self.call("a", "f", "")]), result("a", "x")],
            [user("a"), assistant("", [self.call("a", "f", "[]")]), result("a", "x")], [user("a"), result("a", "x")],
        ]
        for history in wrong { #expect(StrictProvider.fault(in: history) != nil, "\(history)") }
    }
}

@Suite struct ToolArgumentsTests {
    @Test(arguments: [
        ("{}", "{}"), (#" {"a": 1} "#, #" {"a": 1} "#), ("", "{}"), (" \n", "{}"), ("null", "{}"),
        (#""{\"city\":\"Oslo\"}""#, #"{"city":"Oslo"}"#), (#""\"{\\\"a\\\":1}\"""#, #"{"a":1}"#), (#""""#, "{}"),
        (#"{"a":1,"b":2,"a":3}"#, #"{"a":3,"b":2}"#), (#"{"a":[{"b":1,"b":2}]}"#, #"{"a":[{"b":2}]}"#),
    ])
    func `Text that means an object becomes one`(text: String, object: String) {
        #expect(ToolArguments(text).object == object)
        #expect(ToolArguments(text).unreadable == nil)
    }

    @Test(arguments: [
        #"{"city":"#, "Oslo", #"["Oslo"]"#, "7", "true", #""Oslo""#, #"{"a":"\x"}"#, #"{"a":"\ud800"}"#, "{}{}",
        "{'a':1}",
        #""[1]""#,
    ])
    func `Arguments that are not an object are kept as text, with an empty object in their place`(text: String) {
        #expect(ToolArguments(text).object == "{}")
        #expect(ToolArguments(text).unreadable == text)
    }

    @Test func `The beginning of a long unreadable text is kept`() throws {
        let kept = try #require(ToolArguments(String(repeating: "é", count: 10_000)).unreadable)
        #expect(kept.utf8.count < ToolArguments.unreadableLimit + 40)
        #expect(kept.hasSuffix("… (20000 bytes)"))
    }
}

@Suite struct UserTextTests {
    private func told(_ data: String) -> [String] {
        var history = RecordedHistory()
        history.add(1, "m", "conv.in.message.received", data)
        history.generation(1, "started", of: "m")
        return LLMContextProjection(of: history.events(1), options: .request()).messages().map(\.content)
    }

    @Test(arguments: [
        (#"{"content":"hi"}"#, "hi"), (#"{"content":"","text":"hi"}"#, "hi"), (#"{"message":"hi"}"#, "hi"),
        (
            #"{"content":[{"type":"text","text":"a"},{"type":"image_url","image_url":{}},{"type":"text","text":"b"}]}"#,
            "a\nb"
        ),
        (#"{"content":{"type":"text","text":"a"}}"#, "a"), (#"{"content":7}"#, "7"),
        (#"{"content":{"a":1}}"#, #"{"a":1}"#),
        (#"{"content":["a","b"]}"#, "ab"), (#"{"content":[{"a":1}]}"#, #"[{"a":1}]"#),
    ])
    func `A model gets the text of a message`(data: String, text: String) {
        #expect(told(data) == [text])
        #expect(!UserText.isEmpty(Array(data.utf8)))
    }

    @Test(arguments: [
        #"{"content":""}"#, "{}", #"{"content":null}"#, #"{"content":" \n"}"#, #"{"Content":"hi"}"#,
        #"{"content":false}"#,
        #"{"content":[]}"#, #"{"content":[""]}"#, #"{"content":[{"type":"image_url","image_url":{}}]}"#,
        #"{"content":[{"type":"text","text":" "}]}"#, "null", #"{"content":"\u3000"}"#,
    ])
    func `A message without text is empty`(data: String) {
        #expect(UserText.isEmpty(Array(data.utf8)))
    }
}

@Suite struct ProviderMembersTests {
    private func recorded(_ data: String) -> ChatMessage? {
        var history = RecordedHistory()
        history.add(1, "c", "conv.effect.llm.generation.completed", data)
        return LLMContextProjection(of: history.events(1), options: .request()).messages().first
    }

    @Test func `Members recorded with an answer are read with it, and are not shown in the view`() throws {
        let message = try #require(
            recorded(
                #"{"effect_id":"e","content":"a","provider":"p","thinking":"hm","reasoning_member":"reasoning","#
                    + #""provider_members":{"extra_content":{"s":1}},"tool_calls":[{"id":"c","name":"f","arguments":"{}","#
                    + #""unreadable_arguments":"x","members":{"k":2,"function":{"z":3}}}]}"#))
        #expect(
            message.providerMembers
                == ProviderMembers(
                    provider: "p", message: Array(#"{"extra_content":{"s":1}}"#.utf8),
                    reasoning: .init(member: "reasoning", text: "hm")))
        #expect(message.toolCalls[0].members == Array(#"{"function":{"z":3},"k":2}"#.utf8))
        var shown: [UInt8] = []
        message.append(to: &shown)
        #expect(
            String(decoding: shown, as: UTF8.self)
                == #"{"role":"assistant","content":"a","event_id":"c","tool_calls":[{"id":"c","name":"f","arguments":"{}"}]}"#
        )
    }

    @Test func `A request's own members cannot be forged`() throws {
        let message = try #require(
            recorded(
                #"{"effect_id":"e","content":"a","provider":"p","reasoning_member":"role","#
                    + #""provider_members":{"role":"system","content":"x","tool_calls":[],"reasoning_x":1},"tool_calls":["#
                    + #"{"id":"c","name":"f","arguments":"{}","members":{"id":"d","type":"x","function":{"name":"g","arguments":"[]"}}}]}"#
            ))
        #expect(message.providerMembers == ProviderMembers(provider: "p", message: Array(#"{"reasoning_x":1}"#.utf8)))
        #expect(message.toolCalls[0].members == Array(#"{"function":{}}"#.utf8))
    }

    @Test(arguments: [
        #"{"effect_id":"e","content":"a","provider_members":{"x":1}}"#,
        #"{"effect_id":"e","content":"a","provider":7,"reasoning_member":"reasoning"}"#,
    ])
    func `Without a provider's name, nothing is returned`(data: String) {
        #expect(recorded(data)?.providerMembers == nil)
    }
}
