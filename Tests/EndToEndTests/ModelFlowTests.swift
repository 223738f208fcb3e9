import Foundation
import MQTTTransport
import TestSupport
import Testing

@Suite("Answers of models")
struct ModelFlowTests {
    @Test("An abort closes the provider's connection and keeps the text until then", .timeLimit(.minutes(1)))
    func abort() async throws {
        let model = try ScriptedModel { _, reply in
            try reply.say(["Once ", "upon "])
            try reply.connection.stall()
        }
        let deployment = try Deployment(model.flags)
        try await deployment.start()
        let listener = try await deployment.listener()
        let client = try await deployment.client()
        try await client.publishMany([.message("tell me a story", to: "chat", id: "m1")])
        try await eventually("the text so far") { Self.deltas(listener, "chat").joined() == "Once upon " }
        #expect(model.server.closures.isEmpty)
        try await client.publishMany([.signal("control.abort_requested", of: "chat", id: "stop", "{}")])
        let canceled = try await listener.first("conv.out.assistant.canceled", of: "chat")
        #expect(canceled.data("content") == "Once upon ")
        try await eventually("the provider sees its connection closed") { model.server.closures.count == 1 }
        #expect(model.requests.count == 1)
        try await Self.expectAtRest(deployment)
        await client.stop()
        await listener.stop()
    }

    @Test(
        "A conversation set to interrupt answers both messages; one without settings answers one by one",
        .timeLimit(.minutes(1)))
    func interrupt() async throws {
        let gate = Gate()
        let model = try ScriptedModel { request, reply in
            if request.question.hasPrefix("first") {
                try reply.say(["I think "])
                try reply.connection.wait(for: gate)
            }
            try reply.say(["about \(request.questions.joined(separator: " and "))"])
            try reply.finish()
        }
        let deployment = try Deployment(model.flags)
        try await deployment.start()
        let listener = try await deployment.listener()
        let client = try await deployment.client()
        try await client.publishMany([
            .signal("conversation.configured", of: "hasty", id: "c", #"{"llm":{"double_texting":"interrupt"}}"#),
            .message("first of hasty", to: "hasty", id: "h1"), .message("first of calm", to: "calm", id: "c1"),
        ])
        try await listener.waitUntilApplied("c", subject: "hasty")
        for subject in ["hasty", "calm"] { _ = try await listener.first("conv.out.assistant.delta", of: subject) }
        try await client.publishMany([
            .message("second of hasty", to: "hasty", id: "h2"), .message("second of calm", to: "calm", id: "c2"),
        ])
        let canceled = try await listener.first("conv.out.assistant.canceled", of: "hasty")
        #expect(canceled.data("effect_id") == "llm-generation-h1")
        #expect(canceled.data("content") == "I think ")
        let answer = try await listener.first("conv.out.assistant.completed", of: "hasty")
        #expect(answer.data("effect_id") == "llm-generation-h2")
        #expect(answer.data("content") == "about first of hasty and second of hasty")
        try await eventually("its connection is closed") { model.server.closures.count == 1 }

        // The other conversation was not affected, and its second message has waited.
        #expect(!listener.distinct("calm").contains { $0.type.hasSuffix(".canceled") })
        #expect(!model.requests.contains { $0.question == "second of calm" })
        gate.open()
        let second = try await listener.first("conv.out.assistant.completed", of: "calm") {
            $0.data("effect_id") == "llm-generation-c2"
        }
        #expect(second.data("content") == "about first of calm and second of calm")
        try await Self.expectAtRest(deployment)
        await client.stop()
        await listener.stop()
    }

    @Test("A conversation set to merge answers messages that come together once", .timeLimit(.minutes(1)))
    func merge() async throws {
        let model = try ScriptedModel { request, reply in
            try reply.say([request.questions.joined(separator: "+")])
            try reply.finish()
        }
        let deployment = try Deployment(model.flags)
        try await deployment.start()
        let listener = try await deployment.listener()
        let client = try await deployment.client()
        try await client.publishMany([
            .signal(
                "conversation.configured", of: "chat", id: "c",
                #"{"llm":{"double_texting":"merge","merge_window_ms":1500}}"#)
        ])
        try await listener.waitUntilApplied("c", subject: "chat")
        try await client.publishMany([
            .message("one", to: "chat", id: "m1"), .message("two", to: "chat", id: "m2"),
            .message("three", to: "chat", id: "m3"),
        ])
        let answer = try await listener.first("conv.out.assistant.completed", of: "chat")
        #expect(answer.data("effect_id") == "llm-generation-m3")
        // The request has one message: strict servers require users and assistant to alternate.
        #expect(answer.data("content") == "one\n\ntwo\n\nthree")
        let canceled = listener.distinct("chat").filter { $0.type == "conv.out.assistant.canceled" }
        #expect(canceled.map { $0.data("effect_id") } == ["llm-generation-m1", "llm-generation-m2"])
        #expect(canceled.map { $0.data("reason") } == ["merged into m2", "merged into m3"])
        #expect(model.requests.count == 1)
        try await Self.expectAtRest(deployment)
        await client.stop()
        await listener.stop()
    }

    @Test("A call that needs approval waits over a restart, and runs when it is approved", .timeLimit(.minutes(2)))
    func approval() async throws {
        let model = try ScriptedModel.askingForWeather()
        let deployment = try Deployment(
            model.flags + ToolBench.flags(["get_weather"], #""timeout":"20s","requires_approval":true"#))
        let worker = try PythonWorker(
            broker: deployment.broker, log: deployment.directory.appendingPathComponent("worker.jsonl"))
        try await deployment.start()
        let listener = try await deployment.listener(Listener.everything + ["conv/tool/#"])
        let client = try await deployment.client()
        try await client.publishMany([
            .message("the weather?", to: "yes", id: "m1"), .message("the weather?", to: "no", id: "m2"),
        ])
        let request = try await listener.first("conv.out.tool.approval_requested", of: "yes")
        let refused = try await listener.first("conv.out.tool.approval_requested", of: "no")
        let effect: String = try #require(request.data("effect_id"))
        #expect(request.data("tool_name") == "get_weather")
        #expect(request.data("arguments") == #"{"city":"Oslo"}"#)

        deployment.kill()
        try await deployment.start()
        #expect(listener.calls.isEmpty)
        #expect(deployment.metric("convey_effects_open") == 2)
        try await client.publishMany([
            .signal("tool.approved", of: "yes", id: "a", #"{"effect_id":"\#(effect)"}"#),
            .signal(
                "tool.denied", of: "no", id: "d",
                #"{"effect_id":"\#(refused.data("effect_id") ?? "")","reason":"too cold"}"#),
        ])
        let answer = try await listener.first("conv.out.assistant.completed", of: "yes")
        #expect(answer.data("content", as: String.self)?.contains("18") == true)
        #expect(listener.calls.map(\.effectID) == [effect])
        let told = try await listener.first("conv.out.assistant.completed", of: "no")
        #expect(told.data("content", as: String.self)?.contains("too cold") == true)
        try await Self.expectAtRest(deployment)
        worker.kill()
        await client.stop()
        await listener.stop()
    }

    @Test("When the first provider is down, the next one answers", .timeLimit(.minutes(1)))
    func fallback() async throws {
        let down = try ScriptedModel { _, reply in
            try reply.connection.reply(status: 503, #"{"error":{"message":"overloaded"}}"#)
        }
        let model = try ScriptedModel { _, reply in
            try reply.say(["here ", "I am"])
            try reply.finish()
        }
        let providers = [("first", down), ("second", model)].map {
            #""\#($0.0)":{"base_url":"\#($0.1.baseURL)","model":"scripted"}"#
        }
        let deployment = try Deployment([
            "--llm-providers", "{\(providers.joined(separator: ","))}", "--llm-provider", "first", "--llm-fallback",
            "second",
        ])
        try await deployment.start()
        let listener = try await deployment.listener()
        let client = try await deployment.client()
        try await client.publishMany([.message("anyone?", to: "chat", id: "m1")])
        let answer = try await listener.first("conv.out.assistant.completed", of: "chat")
        #expect(answer.data("content") == "here I am")
        #expect(answer.data("provider") == "second")
        #expect(answer.data("attempt", as: Int.self) == 1)
        #expect(down.requests.count == 1)
        try await Self.expectAtRest(deployment)
        await client.stop()
        await listener.stop()
    }

    @Test("A provider that dies in the middle of a stream: reset, then the whole answer", .timeLimit(.minutes(1)))
    func brokenStream() async throws {
        let failing = Gate()
        let model = try ScriptedModel { _, reply in
            guard failing.isOpen else {
                try reply.say(["half ", "an "])
                // Both have passed before the reset, which would overtake them.
                try reply.connection.wait(for: failing)
                return reply.connection.reset()
            }
            try reply.say(["a whole ", "answer"])
            try reply.finish()
        }
        let deployment = try Deployment(model.flags + ["--effects-llm-backoff", "50ms"])
        try await deployment.start()
        let listener = try await deployment.listener()
        let client = try await deployment.client()
        try await client.publishMany([.message("well?", to: "chat", id: "m1")])
        try await eventually("the first half") { Self.deltas(listener, "chat").joined() == "half an " }
        failing.open()
        let answer = try await listener.first("conv.out.assistant.completed", of: "chat")
        #expect(answer.data("content") == "a whole answer")
        let outputs = listener.distinct("chat").filter { $0.family == "out" }
        let reset = try #require(outputs.firstIndex { $0.type == "conv.out.assistant.reset" })
        #expect(outputs.count { $0.type == "conv.out.assistant.reset" } == 1)
        #expect(outputs[..<reset].compactMap { $0.data("delta") }.joined() == "half an ")
        #expect(outputs[reset...].compactMap { $0.data("delta") }.joined() == "a whole answer")
        #expect(outputs[reset].data("attempt", as: Int.self) == 2)
        let audit = try await listener.first("conv.audit.effect.attempt_failed", of: "chat")
        #expect(audit.data("reason") == "transport")
        #expect(Set(model.requests.map(\.idempotencyKey)).count == 1)
        try await Self.expectAtRest(deployment)
        await client.stop()
        await listener.stop()
    }

    private static func deltas(_ listener: Listener, _ subject: String) -> [String] {
        listener.distinct(subject).filter { $0.type == "conv.out.assistant.delta" }.compactMap { $0.data("delta") }
    }

    /// Nothing is left to do, and the journal is consistent.
    private static func expectAtRest(
        _ deployment: Deployment, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let journal = try JournalFile(deployment.journal)
        try await eventually("at rest") { try JournalAudit.isAtRest(journal) }
        try JournalAudit.expectSound(journal, isAtRest: true, sourceLocation: sourceLocation)
        for finding in try EffectAudit.findings(journal) {
            Issue.record(Comment(rawValue: finding), sourceLocation: sourceLocation)
        }
    }
}
