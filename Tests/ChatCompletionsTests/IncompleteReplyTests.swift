import Conversation
import TestSupport
import Testing

@testable import ChatCompletions

/// An incomplete reply is not taken as complete.
@Suite(.timeLimit(.minutes(1))) struct IncompleteReplyTests {
    private static let call =
        #"{"tool_calls":[{"index":0,"id":"c1","type":"function","function":{"name":"rm","arguments":""}}]}"#

    private func outcome(_ chunks: String...) throws -> ChatOutcome {
        var reply = ChatReply(limits: ChatLimits())
        var deltas: [ChatDelta] = []
        for data in chunks { try reply.add(ServerSentEvent(data: Array(data.utf8)), into: &deltas) }
        return try reply.outcome(provider: "p")
    }

    @Test(
        "Tool calls that were cut off are not made, streamed or not, however the server names the cut",
        arguments: [
            ("length", ChatFailure.Category.config), ("max_tokens", .config), ("MAX_TOKENS", .config),
            ("content_filter", .config), ("error", .provider), ("insufficient_system_resource", .provider),
            ("sensitive", .provider), ("unheard_of", .provider),
        ], [true, false])
    func cutOff(end: (reason: String, category: ChatFailure.Category), isStreamed: Bool) async throws {
        let failure = try await failure { _, connection in
            guard isStreamed else {
                return try connection.reply(
                    #"{"choices":[{"index":0,"message":\#(Self.call),"finish_reason":"\#(end.reason)"}]}"#)
            }
            try connection.beginStream()
            try connection.events([chunk(delta: Self.call), chunk(delta: "{}", finish: end.reason), "[DONE]"])
            try connection.endStream()
        }
        #expect(failure.category == end.category)
        #expect(failure.message.contains("finish_reason \(end.reason)"), "\(failure.message)")
        guard FinishReason(end.reason) == .cut else { return }
        #expect(failure.code == "incomplete_tool_calls")
    }

    @Test(
        "Calls are complete when the model ended by itself, however the server spells that",
        arguments: ["tool_calls", "stop", "STOP", "function_call", "tool_use"])
    func whole(reason: String) throws {
        #expect(
            try outcome(chunk(delta: Self.call), chunk(delta: "{}", finish: reason)).toolCalls.map(\.name) == ["rm"])
    }

    @Test(
        "Calls at the token limit are complete if their arguments are, whatever the server says",
        arguments: [("", 8, false), (#"{\"path\""#, 8, false), ("", 7, true), (#"{\"path\":1}"#, 8, true)])
    func atTheLimit(arguments: String, tokens: Int, isWhole: Bool) async throws {
        let call =
            #"{"tool_calls":[{"index":0,"id":"c1","type":"function","function":{"name":"rm","arguments":"\#(arguments)"}}]}"#
        let server = try ScriptedHTTPServer { _, connection in
            try connection.beginStream()
            try connection.events([
                chunk(delta: call, finish: "tool_calls"),
                #"{"choices":[],"usage":{"completion_tokens":\#(tokens)}}"#, "[DONE]",
            ])
            try connection.endStream()
        }
        var request = hello
        request.maxTokens = 8
        try await withClient { client in
            guard !isWhole else {
                let outcome = try await client.run(request, provider: provider(server)) { _ in }
                return #expect(outcome.toolCalls.count == 1)
            }
            let failure = try await ChatCompletionsTests.failure(of: request, client, provider(server))
            #expect(failure.code == "incomplete_tool_calls")
        }
    }

    @Test("A stop behind a length does not make the calls complete")
    func twoReasons() throws {
        #expect(throws: ReplyFault.incompleteToolCalls(finishReason: "length")) {
            try outcome(chunk(delta: Self.call, finish: "length"), chunk(delta: "{}", finish: "stop"))
        }
    }

    @Test(
        "Text that was cut off is the answer, and its finish reason says so", arguments: ["length", "content_filter"])
    func cutText(reason: String) throws {
        let outcome = try outcome(textChunk("half an", finish: reason))
        #expect(outcome.content == "half an")
        #expect(outcome.finishReason == reason)
    }

    @Test(
        "A server that gives up in its reply has failed, with or without text", arguments: ["error", "abort", "ERROR"])
    func givesUp(reason: String) async throws {
        let deltas = Deltas()
        let failure = try await failure(into: deltas) { _, connection in
            try connection.beginStream()
            try connection.events([textChunk("partly"), chunk(delta: "{}", finish: reason), "[DONE]"])
            try connection.endStream()
        }
        #expect(failure.category == .provider)
        #expect(failure.partialContent == "partly")
        #expect(failure.message.contains(reason))
    }

    @Test(
        "A reply that announces tool calls but has none is a failure",
        arguments: ["{}", #"{"content":" \n"}"#, #"{"tool_calls":[]}"#, #"{"reasoning_content":"I call it now"}"#],
        ["tool_calls", "function_call"])
    func noCalls(delta: String, reason: String) async throws {
        let failure = try await failure { _, connection in
            try connection.beginStream()
            try connection.events([chunk(delta: delta), chunk(delta: "{}", finish: reason), "[DONE]"])
            try connection.endStream()
        }
        #expect(failure.category == .provider)
        #expect(failure.code == "invalid_tool_calls")
    }

    @Test("Model text without a recognizable call is the answer, and ends the reply")
    func textInsteadOfCalls() throws {
        let outcome = try outcome(textChunk("<tool>clock"), chunk(delta: "{}", finish: "tool_calls"))
        #expect(outcome.content == "<tool>clock")
        #expect(outcome.finishReason == "stop")
    }

    @Test(
        "A call without a tool name fails the whole reply",
        arguments: [#""arguments":"{}""#, #""name":"","arguments":"{}""#, #""name":null"#, #""name":7"#])
    func unnamed(function: String) throws {
        let named = #"{"index":0,"id":"c0","function":{"name":"clock","arguments":"{}"}}"#
        let unnamed = #"{"index":1,"id":"c1","function":{\#(function)}}"#
        #expect(throws: ReplyFault.unnamedToolCall) {
            try outcome(chunk(delta: #"{"tool_calls":[\#(named),\#(unnamed)]}"#, finish: "tool_calls"))
        }
    }

    @Test(
        "Text outside a chunk's delta is ignored",
        arguments: [
            #"{"choices":[{"index":0,"message":{"content":"hi"},"finish_reason":"stop"}]}"#,
            #"{"choices":[{"index":0,"text":"hi","finish_reason":"stop"}]}"#,
            #"{"choices":[{"index":0,"delta":{"role":"assistant"},"finish_reason":"stop"}]}"#,
            #"{"choices":[{"index":0,"delta":{"reasoning":"hm"},"finish_reason":"stop"}]}"#,
        ])
    func noText(data: String) throws {
        #expect(try outcome(data).content == "")
    }

    @Test("Chunks without a choice, or of other choices, are ignored")
    func choices() throws {
        let outcome = try outcome(
            #"{"choices":[],"prompt_filter_results":[{}]}"#,
            #"{"choices":[{"index":1,"delta":{"content":"other"},"finish_reason":"length"},"#
                + #"{"index":0,"delta":{"content":"mine"},"finish_reason":null}]}"#,
            textChunk("", finish: "stop"), #"{"id":"x","object":"chat.completion.chunk","usage":{"total_tokens":5}}"#,
            #"{"choices":[{"index":1,"delta":{},"finish_reason":"length"}]}"#)
        #expect(outcome.content == "mine")
        #expect(outcome.finishReason == "stop")
        #expect(outcome.usage?.totalTokens == 5)
    }
}

/// Which call a fragment belongs to.
@Suite struct ToolCallFragmentTests {
    private func calls(_ fragments: [String], member: String = "tool_calls") throws -> [ToolCall] {
        var reply = ChatReply(limits: ChatLimits())
        var deltas: [ChatDelta] = []
        for fragment in fragments {
            let delta = member == "tool_calls" ? #"{"tool_calls":[\#(fragment)]}"# : #"{"\#(member)":\#(fragment)}"#
            try reply.add(ServerSentEvent(data: Array(chunk(delta: delta).utf8)), into: &deltas)
        }
        try reply.add(ServerSentEvent(data: Array(chunk(delta: "{}", finish: "tool_calls").utf8)), into: &deltas)
        return try reply.outcome(provider: "p").toolCalls
    }

    @Test("Fragments of several calls may be mixed, and each has its index")
    func mixed() throws {
        let calls = try calls([
            #"{"index":1,"id":"b","function":{"name":"g","arguments":"{\"b\""}}"#,
            #"{"index":0,"id":"a","function":{"name":"f","arguments":"{\"a\""}}"#,
            #"{"index":1,"function":{"arguments":":2}"}},{"index":0,"function":{"arguments":":1}"}}"#,
        ])
        #expect(
            calls == [
                ToolCall(id: "b", name: "g", arguments: #"{"b":2}"#),
                ToolCall(id: "a", name: "f", arguments: #"{"a":1}"#),
            ])
    }

    @Test("An id that is new in each piece of a call does not make it another call", arguments: [true, false])
    func changingIDs(repeatsName: Bool) throws {
        let name = repeatsName ? #""name":"f","# : ""
        let calls = try calls([
            #"{"index":0,"id":"r1","function":{"name":"f","arguments":"{\"a\""}}"#,
            #"{"index":0,"id":"r2","function":{\#(name)"arguments":":1"}}"#,
            #"{"index":0,"id":"r3","function":{\#(name)"arguments":"}"}}"#,
        ])
        #expect(calls == [ToolCall(id: "r1", name: "f", arguments: #"{"a":1}"#)])
    }

    @Test("Whole calls that share one index are separate calls, with or without ids", arguments: [true, false])
    func oneIndex(hasIDs: Bool) throws {
        let fragments = (1...3).map { number in
            let id = hasIDs ? #""id":"c\#(number)","# : #""id":"","#
            return #"{"index":0,\#(id)"function":{"name":"f","arguments":"{\"n\":\#(number)}"}}"#
        }
        let calls = try calls(fragments)
        #expect(calls.map(\.arguments) == [#"{"n":1}"#, #"{"n":2}"#, #"{"n":3}"#])
        #expect(Set(calls.map(\.id)).count == 3)
        #expect(try self.calls([fragments.joined(separator: ",")]) == calls)
    }

    @Test("Calls without index and id begin with their names")
    func nothingButNames() throws {
        let calls = try calls([
            #"{"function":{"name":"f","arguments":"{"}},{"function":{"arguments":"}"}},{"function":{"name":"f","arguments":"{}"}}"#
        ])
        #expect(calls.map(\.name) == ["f", "f"])
        #expect(calls.map(\.arguments) == ["{}", "{}"])
    }

    @Test("The old form of a function call is a tool call")
    func legacy() throws {
        let calls = try calls(
            [#"{"name":"f","arguments":""}"#, #"{"arguments":"{\"a\""}"#, #"{"arguments":":1}"}"#],
            member: "function_call")
        #expect(calls.map(\.name) == ["f"])
        #expect(calls.map(\.arguments) == [#"{"a":1}"#])
    }
}
