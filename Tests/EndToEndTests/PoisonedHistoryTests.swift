import Foundation
import JournalSupport
import MQTTTransport
import TestSupport
import Testing

/// A fault recorded in a history is sent with every later request. The model of these tests refuses everything that the
/// strictest server refuses.
@Suite("Faults in a history")
struct PoisonedHistoryTests {
    @Test(
        "Arguments that are not an object fail the call with their text, and the conversation continues",
        .timeLimit(.minutes(1)))
    func arguments() async throws {
        let texts = [#"{"city":"#, "Oslo", #"["Oslo"]"#, "7"]
        let model = try ScriptedModel { request, reply in
            if request.rounds == 0, request.question == "the weather?" {
                try reply.call(texts.map { .init(name: "get_weather", arguments: $0) }, id: "call")
            } else {
                try reply.say([request.results.joined(separator: "|")])
                try reply.say(["."])
                try reply.finish()
            }
        }
        let deployment = try Deployment(model.flags + ToolBench.flags())
        try await deployment.start()
        let listener = try await deployment.listener(Listener.everything + ["conv/tool/#"])
        let client = try await deployment.client()
        try await client.publishMany([.message("the weather?", to: "chat", id: "m1")])
        let answer = try await listener.first("conv.out.assistant.completed", of: "chat") {
            $0.data("finish_reason") == "stop"
        }
        let told = try #require(answer.data("content", as: String.self))
        for text in texts { #expect(told.contains("What was written: \(text)"), "\(told)") }
        #expect(listener.calls.isEmpty)
        let recorded = try await listener.first("conv.effect.llm.generation.completed", of: "chat")
        let calls = try #require(recorded.data("tool_calls", as: [[String: Any]].self))
        #expect(calls.map { $0["arguments"] as? String } == texts.map { _ in "{}" })
        #expect(calls.map { $0["unreadable_arguments"] as? String } == texts)

        // And after a restart.
        deployment.kill()
        try await deployment.start()
        try await client.publishMany([.message("thanks", to: "chat", id: "m2")])
        _ = try await listener.first("conv.out.assistant.completed", of: "chat") {
            $0.data("effect_id") == "llm-generation-m2"
        }
        #expect(listener.distinct("chat").allSatisfy { $0.type != "conv.out.assistant.failed" })
        await client.stop()
        await listener.stop()
    }

    @Test("Records of other producers are made safe for the model", .timeLimit(.minutes(1)))
    func fromOutside() async throws {
        let model = try ScriptedModel { request, reply in
            try reply.say(["fine"])
            try reply.finish()
        }
        let deployment = try Deployment(model.flags)
        try await deployment.start()
        let listener = try await deployment.listener()
        let client = try await deployment.client()
        let calls =
            #"[{"id":"call_0","name":"get weather","arguments":"{\"city\":"},{"id":"call_1","name":"größe","arguments":""}]"#
        try await client.publishMany(
            ["e1", "e2"].map { id in
                OutgoingMessage(
                    topic: "conv/ingest/chat",
                    payload: Array(
                        (#"{"specversion":"1.0","id":"\#(id)","source":"/runner","type":"conv.effect.llm.generation.completed","#
                            + #""subject":"chat","data":{"effect_id":"\#(id)","lifecycle":"completed","content":" ","tool_calls":\#(calls)}}"#)
                            .utf8))
            })
        try await listener.waitUntilApplied("e2", subject: "chat")
        try await client.publishMany([.message("hello?", to: "chat", id: "m1")])
        let answer = try await listener.first("conv.out.assistant.completed", of: "chat") {
            $0.data("effect_id") == "llm-generation-m1"
        }
        #expect(answer.data("content") == "fine")
        await client.stop()
        await listener.stop()
    }

    @Test(
        "A message without text is recorded, not sent to a model, and its answer ends with an explanation",
        .timeLimit(.minutes(1)))
    func emptyMessages() async throws {
        let model = try ScriptedModel { request, reply in
            try reply.say([request.questions.joined(separator: "|")])
            try reply.finish()
        }
        let deployment = try Deployment(model.flags)
        try await deployment.start()
        let listener = try await deployment.listener()
        let client = try await deployment.client()
        let empty = [
            #"{"content":""}"#, "{}", #"{"content":null}"#, #"{"content":" \n"}"#, #"{"Content":"hi"}"#,
            #"{"content":[]}"#,
        ]
        try await client.publishMany([.message("one", to: "chat", id: "m1")])
        for (index, data) in empty.enumerated() {
            try await client.publishMany([.signal("message.received", of: "chat", id: "empty\(index)", data)])
        }
        try await client.publishMany([
            .message("two", to: "chat", id: "m2"),
            .signal("message.received", of: "new", id: "empty", #"{"content":""}"#),
        ])
        let answer = try await listener.first("conv.out.assistant.completed", of: "chat") {
            $0.data("effect_id") == "llm-generation-m2"
        }
        #expect(answer.data("content") == "one|two")
        for index in empty.indices {
            let failed = try await listener.first("conv.out.assistant.failed", of: "chat") {
                $0.data("effect_id") == "llm-generation-empty\(index)"
            }
            #expect(failed.data("code") == "empty_message")
            #expect(failed.data("message", as: String.self)?.contains("content") == true)
        }
        #expect(try await listener.first("conv.out.assistant.failed", of: "new").data("code") == "empty_message")
        #expect(model.requests.count == 2)
        await client.stop()
        await listener.stop()
    }

    @Test(
        "A provider gets back its members of a call, over a kill, and in every later request",
        .timeLimit(.minutes(2)))
    func members() async throws {
        let model = try ScriptedModel { request, reply in
            // As Gemini and DeepSeek do.
            if request.calls.contains(where: { !$0.contains(#""thought_signature":"S+/=""#) })
                || request.assistantsWithCalls.contains(where: { !$0.contains(#""reasoning_content":"I think""#) })
            {
                return try reply.connection.reply(status: 400, #"{"error":{"message":"a signature is missing"}}"#)
            }
            if request.question == "the weather?", request.rounds < 2 {
                try reply.think("I ")
                try reply.think("think")
                try reply.call(
                    [.init(name: "get_weather", arguments: #"{"city":"Oslo"}"#)], id: "call",
                    members: #""extra_content":{"google":{"thought_signature":"S+/="}}"#)
            } else {
                try reply.say(["it is \(request.results.count)"])
                try reply.finish()
            }
        }
        let deployment = try Deployment(model.flags + ToolBench.flags(["get_weather"], #""requires_approval":true"#))
        try await deployment.start()
        let listener = try await deployment.listener()
        let client = try await deployment.client()
        try await client.publishMany([.message("the weather?", to: "chat", id: "m1")])
        for round in 1...2 {
            try await eventually("approval is asked for") {
                listener.distinct("chat").count { $0.type == "conv.out.tool.approval_requested" } == round
            }
            deployment.kill()
            try await deployment.start()
            try await client.publishMany([
                .signal("tool.denied", of: "chat", id: "d\(round)", #"{"tool_call_id":"call-0"}"#)
            ])
        }
        let answer = try await listener.first("conv.out.assistant.completed", of: "chat")
        #expect(answer.data("content") == "it is 2")
        try await client.publishMany([.message("thanks", to: "chat", id: "m2")])
        let last = try await listener.first("conv.out.assistant.completed", of: "chat") {
            $0.data("effect_id") == "llm-generation-m2"
        }
        #expect(last.data("content") == "it is 0")
        // It is for the provider, not for users.
        #expect(
            listener.distinct("chat").allSatisfy { event in
                event.family != "out" || !String(decoding: event.payload, as: UTF8.self).contains("S+/=")
            })
        await client.stop()
        await listener.stop()
    }

    @Test("Content in a list of parts is read, and its thinking stays thinking", .timeLimit(.minutes(1)))
    func parts() async throws {
        let model = try ScriptedModel { _, reply in
            try reply.delta(#"{"content":[{"type":"thinking","thinking":[{"type":"text","text":"hm"}]}]}"#)
            try reply.delta(#"{"content":[{"type":"text","text":"18 "}]}"#)
            try reply.delta(#"{"content":"degrees"}"#)
            try reply.finish()
        }
        let deployment = try Deployment(model.flags)
        try await deployment.start()
        let listener = try await deployment.listener()
        let client = try await deployment.client()
        try await client.publishMany([.message("the weather?", to: "chat", id: "m1")])
        let answer = try await listener.first("conv.out.assistant.completed", of: "chat")
        #expect(answer.data("content") == "18 degrees")
        #expect(answer.data("attempt", as: Int.self) == 1)
        #expect(try await listener.first("conv.out.assistant.thinking", of: "chat").data("delta") == "hm")
        await client.stop()
        await listener.stop()
    }
}
