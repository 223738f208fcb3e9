import Conversation
import MQTTTransport
import Signals
import TestSupport
import Testing

/// `/asyncapi.json` compared with the actual traffic of the broker.
@Suite("The AsyncAPI document")
struct AsyncAPITests {
    /// Types that no run here publishes: a report must cross its effect's end, a journal must be damaged, and a broker
    /// must refuse an event (SetAsideTests, PoisonEventTests).
    private static let unseen: Set<String> = [
        "conv.audit.effect.late_result", "conv.audit.conversation.set_aside", "conv.audit.conversation.rebuilt",
        "conv.audit.outbox.set_aside",
    ]

    @Test(
        "The AsyncAPI document and the messages at the broker match in both directions",
        .timeLimit(.minutes(2)))
    func asPublished() async throws {
        let broken = Gate()
        let model = try Self.model(broken)
        let deployment = try Deployment(
            model.flags + ToolBench.flags(["get_weather"], #""timeout":"20s","requires_approval":true"#)
                + ["--effects-llm-backoff", "10ms", "--scheduler-cause-timeout", "20ms"])
        try await deployment.start()
        let listener = try await deployment.listener(["conv/#"])
        try await ToolBench.waitUntilConnected(deployment)
        let run = try await Run(deployment: deployment, listener: listener)
        try await run.models(broken)
        try await run.tools()
        try await run.timersAndLetters()

        let document = try Document(deployment)
        let seen = Set(listener.events.map(\.type))
        for event in listener.events { document.check(event) }
        for stray in listener.strays {
            document.check(topic: stray.topic, payload: stray.payload)
        }
        #expect(document.types("conv.in.").sorted() == run.sent.sorted())
        let published = document.types("conv.").subtracting(document.types("conv.in.")).subtracting(Self.unseen)
        #expect(published.subtracting(seen).isEmpty, "documented, and not seen")
        let views = document.json["channels"]?["query"]?["parameters"]?["view"]?["enum"]?.array?.compactMap(\.string)
        #expect(views == QueryView.allCases.map(\.rawValue))
        await run.stop()
        await listener.stop()
    }

    private static func model(_ broken: Gate) throws -> ScriptedModel {
        try ScriptedModel { request, reply in
            switch request.question {
            case "tool" where request.rounds == 0:
                try reply.call([.init(name: "get_weather", arguments: #"{"city":"Oslo"}"#)], id: "call")
            case "wrong": try reply.connection.reply(status: 401, #"{"error":{"message":"no such key"}}"#)
            case "break" where !broken.isOpen:
                try reply.say(["half an "])
                try reply.connection.wait(for: broken)
                reply.connection.reset()
            case "long":
                try reply.say(["Once "])
                try reply.connection.stall()
            default:
                try reply.think("hm")
                try reply.say(["an answer"])
                try reply.finish()
            }
        }
    }
}

/// The document as a check of messages.
private struct Document {
    let json: JSONValue
    private let channels: [(levels: [Substring], messages: [String])]

    init(_ deployment: Deployment) throws {
        json = try JSONValue(Array(#require(httpGet("/asyncapi.json", port: deployment.httpPort)).body.utf8))
        #expect(json["asyncapi"]?.string == "3.0.0")
        channels = (json["channels"]?.object ?? []).compactMap { channel in
            channel.value["address"]?.string.map {
                ($0.split(separator: "/"), (channel.value["messages"]?.object ?? []).map(\.key))
            }
        }
    }

    /// The documented types that begin with `prefix`.
    func types(_ prefix: String) -> Set<String> {
        Set((json["components"]?["messages"]?.object ?? []).map(\.key).filter { $0.hasPrefix(prefix) })
    }

    func check(_ event: Event) {
        guard let messages = messages(event.topic), messages.contains(event.type),
            let message = json["components"]?["messages"]?[event.type]
        else {
            Issue.record("\(event.type) on \(event.topic) is not documented")
            return
        }
        let schema = message["payload"]?["allOf"]?.array?.last?["properties"]?["data"]
        check((try? JSONValue(event.payload))?["data"], schema, event.type)
    }

    /// Messages that are not events: clients' signals, tool calls and their answers, receipts, the status.
    func check(topic: String, payload: [UInt8]) {
        guard let messages = messages(topic) else {
            Issue.record("\(topic) is not documented")
            return
        }
        guard messages.count == 1, messages != ["signal"] else { return }
        check(try? JSONValue(payload), json["components"]?["messages"]?[messages[0]]?["payload"], topic)
    }

    private func messages(_ topic: String) -> [String]? {
        let topic = topic.split(separator: "/")
        return channels.first { channel in
            topic.count >= channel.levels.count
                && zip(channel.levels, topic).allSatisfy { $0.hasPrefix("{") || $0 == $1 }
                && (topic.count == channel.levels.count || channel.levels.last == "{rest}")
        }?.messages
    }

    private func check(_ value: JSONValue?, _ schema: JSONValue?, _ name: String) {
        guard let members = value?.object, let properties = schema?["properties"] else {
            Issue.record("\(name): no object, or no schema")
            return
        }
        for member in schema?["required"]?.array?.compactMap(\.string) ?? [] {
            #expect(members.contains { $0.key == member }, "\(name) has no \(member)")
        }
        for (member, value) in members {
            guard let property = properties[member] else {
                Issue.record("\(name) has \(member), which is not documented")
                continue
            }
            guard let type = property["type"]?.string else { continue }
            let isRight =
                switch type {
                case "string": value.string != nil
                case "integer": value.int != nil
                case "array": value.array != nil
                default: value.object != nil
                }
            #expect(isRight, "\(name): \(member) is \(value), and not of type \(type)")
        }
    }
}

/// One of everything, and a wait until it has happened.
private final class Run {
    private let deployment: Deployment
    private let listener: Listener
    private let client: MQTTClient
    /// Types of the signals sent.
    private(set) var sent: Set<String> = []
    private var count = 0

    init(deployment: Deployment, listener: Listener) async throws {
        self.deployment = deployment
        self.listener = listener
        client = try await deployment.client()
    }

    func stop() async { await client.stop() }

    func models(_ broken: Gate) async throws {
        try await send("conversation.configured", "chat", #"{"llm":{"temperature":0.5}}"#)
        try await send("message.received", "chat", #"{"content":"hello"}"#)
        try await wait("conv.out.assistant.completed", "chat")
        try await send("message.received", "wrong", #"{"content":"wrong"}"#)
        try await wait("conv.out.assistant.failed", "wrong")
        try await send("answer.retry_requested", "wrong", "{}")
        try await wait("conv.audit.answer.retried", "wrong")
        try await send("message.received", "break", #"{"content":"break"}"#)
        try await wait("conv.out.assistant.delta", "break")
        broken.open()
        try await wait("conv.out.assistant.reset", "break")
        for control in ["abort", "stop", "cancel"] {
            try await send("message.received", control, #"{"content":"long"}"#)
            try await wait("conv.out.assistant.delta", control)
            try await send("control.\(control)_requested", control, "{}")
            try await wait("conv.out.assistant.canceled", control)
        }
    }

    /// One call is approved and done, one denied, one canceled while a worker runs it.
    func tools() async throws {
        for subject in ["approved", "denied", "canceled"] {
            try await send("message.received", subject, #"{"content":"tool"}"#)
            let request = try await wait("conv.out.tool.approval_requested", subject)
            let effect = "{\"effect_id\":\"\(request.data("effect_id") ?? "")\"}"
            guard subject != "denied" else {
                try await send("tool.denied", subject, effect)
                try await wait("conv.effect.tool.execution.failed", subject)
                continue
            }
            let bad = effect.dropLast() + #","arguments":{"city":7}}"#
            try await send("tool.approved", subject, String(bad))
            try await wait("conv.audit.tool.decision_refused", subject)
            try await send("tool.approved", subject, effect)
            var call: PublishedCall?
            try await eventually("the call of \(subject)") {
                call = listener.calls.first { $0.subject == subject }
                return call != nil
            }
            if subject == "canceled" {
                try await send("effect.cancel_requested", subject, effect)
                try await eventually("the worker is told") {
                    listener.strays.contains { $0.topic == "conv/tool/get_weather/cancel" }
                }
                try await wait("conv.effect.tool.execution.canceled", subject)
            } else if let call {
                for answer in [#""progress","message":"asking""#, #""result","content":{"temperature":18}"#] {
                    try await client.publish(
                        topic: "conv/tool/get_weather/result/\(call.effectID)",
                        payload: Array(
                            #"{"type":\#(answer),"idempotency_key":"\#(call.idempotencyKey)","attempt":\#(call.attempt)}"#
                                .utf8))
                }
                try await wait("conv.effect.tool.execution.completed", subject)
            }
            try await wait("conv.out.assistant.completed", subject)
        }
    }

    func timersAndLetters() async throws {
        try await send("timer.tick", "clock", #"{"delay_ms":1}"#)
        try await wait("conv.effect.timer.wait.completed", "clock")
        let tick = try await send("timer.tick", "clock", #"{"delay_ms":3600000}"#)
        try await send("timer.cancel_requested", "clock", #"{"timer_id":"\#(tick)"}"#)
        try await wait("conv.effect.timer.wait.canceled", "clock")
        try await send("timer.tick", "clock", #"{"fire_at":"some day"}"#)
        try await wait("conv.effect.timer.wait.failed", "clock")
        try await send("effect.cancel_requested", "clock", #"{"effect_id":"nothing"}"#)
        try await wait("conv.audit.effect.unknown_target", "clock")

        try await client.publish(topic: "conv/in/bad/message/received", payload: Array("{".utf8))
        try await wait("conv.audit.signal.rejected", "bad")
        try await client.publish(topic: "conv/in/late/message/received", payload: Array(#"{"cause_id":"never"}"#.utf8))
        try await wait("conv.audit.signal.dead_lettered", "late")
        let letters = try JSONValue(
            Array(#require(httpGet("/v1/deadletters", port: deployment.httpPort)).body.utf8))
        let position = try #require(letters["dead_letters"]?.array?.first?["position"]?.int)
        for (path, type) in [("redrive", "redriven"), ("discard", "discarded")] {
            let answer = httpPost(
                "/v1/deadletters/\(path)", body: "{\"positions\":[\(position)]}", port: deployment.httpPort)
            #expect(answer?.status == 200)
            try await wait("conv.audit.signal.\(type)", "late")
            // It is a dead letter again before it is discarded.
            try await eventually("set aside again") {
                listener.distinct("late").count { $0.type == "conv.audit.signal.dead_lettered" } == 2
            }
        }
    }

    @discardableResult
    private func send(_ type: String, _ subject: String, _ data: String) async throws -> String {
        count += 1
        sent.insert("conv.in.\(type)")
        try await client.publishMany([.signal(type, of: subject, id: "s\(count)", data)])
        return "s\(count)"
    }

    @discardableResult
    private func wait(_ type: String, _ subject: String) async throws -> Event {
        try await listener.first(type, of: subject)
    }
}
