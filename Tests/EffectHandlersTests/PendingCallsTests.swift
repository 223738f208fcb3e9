import ConveyEngine
import EffectPort
import MQTTTransport
import Testing

@testable import EffectHandlers

/// What a reply means to the waiting attempt.
@Suite struct PendingCallsTests {
    private let topic = "conv/tool/get_weather/result/e"

    private func waiting(attempt: Int) throws -> (PendingCalls, key: String) {
        var calls = PendingCalls(limits: ToolLimits())
        let tool = try #require(try ToolDeclarations.parse("{\(weatherTool)}").tools.first)
        let request = ToolRequest(
            tool: tool, callID: "c", arguments: Array("{}".utf8), effectID: "e", subject: "s", attempt: attempt,
            idempotencyKey: "k", traceparent: nil, deadline: .now)
        _ = try calls.begin(
            request, topic: "t", responseTopic: topic, message: OutgoingMessage(topic: "t", payload: []))
        return (calls, "k")
    }

    private func reply(_ payload: String, correlation: String? = nil, topic: String? = nil) -> ToolReply {
        ToolReply(
            ReceivedMessage(
                topic: topic ?? self.topic, payload: Array(payload.utf8),
                correlationData: correlation.map { Array($0.utf8) }),
            resultLimit: 1_000)
    }

    @Test(arguments: [1, 2, 3])
    func `A result of any attempt at the effect is its result`(attempt: Int) throws {
        var (calls, key) = try waiting(attempt: 2)
        #expect(calls.receive(reply(#"{"type":"result","content":"x"}"#, correlation: "k/\(attempt)")) == .taken)
        #expect(calls.remove(key, attempt: 2)?.outcome == .success("x"))
    }

    @Test(arguments: [#"{"type":"error","message":"x"}"#, #"{"type":"progress","message":"x"}"#, "nonsense"])
    func `Other replies of another attempt are ignored`(payload: String) throws {
        var (calls, key) = try waiting(attempt: 2)
        #expect(calls.receive(reply(payload, correlation: "k/1")) == .outdated)
        #expect(calls.remove(key, attempt: 2)?.outcome == nil)
    }

    @Test func `Correlation data take precedence over the payload`() throws {
        var (calls, key) = try waiting(attempt: 2)
        let error = #"{"type":"error","message":"x","idempotency_key":"k","attempt":1}"#
        #expect(calls.receive(reply(error)) == .outdated)
        #expect(calls.receive(reply(error, correlation: "k/2")) == .taken)
        #expect(throws: EffectFailure.self) { try calls.remove(key, attempt: 2)?.outcome?.get() }
    }

    @Test func `A reply on another effect's topic, or under another key, is ignored`() throws {
        var (calls, _) = try waiting(attempt: 1)
        let result = #"{"type":"result","content":"x"}"#
        #expect(calls.receive(reply(result, correlation: "k/1", topic: topic + "2")) == .unclaimed)
        // One spelling of the effect's level: `e` with an escape is another topic.
        #expect(calls.receive(reply(result, correlation: "k/1", topic: topic.dropLast() + "%65")) == .unclaimed)
        #expect(calls.receive(reply(result, correlation: "other/1")) == .unclaimed)
        #expect(calls.receive(reply(result, correlation: "garbage")) == .unclaimed)
        #expect(calls.receive(reply(result)) == .unclaimed)
    }

    @Test func `The first outcome wins`() throws {
        var (calls, key) = try waiting(attempt: 1)
        #expect(calls.receive(reply(#"{"type":"result","content":"x"}"#, correlation: "k/1")) == .taken)
        #expect(calls.receive(reply(#"{"type":"result","content":"y"}"#, correlation: "k/1")) == .unclaimed)
        calls.connectionLost { _ in EffectFailure(.transport, "") }
        #expect(calls.remove(key, attempt: 1)?.outcome == .success("x"))
    }

    @Test func `Progress beyond the limit is dropped`() throws {
        var limits = ToolLimits()
        limits.progressMessages = 1
        var calls = PendingCalls(limits: limits)
        let tool = try #require(try ToolDeclarations.parse("{\(weatherTool)}").tools.first)
        let request = ToolRequest(
            tool: tool, callID: "c", arguments: [], effectID: "e", subject: "s", attempt: 1, idempotencyKey: "k",
            traceparent: nil, deadline: .now)
        _ = try calls.begin(
            request, topic: "t", responseTopic: topic, message: OutgoingMessage(topic: "t", payload: []))
        let progress = reply(#"{"type":"progress","message":"x"}"#, correlation: "k/1")
        #expect(calls.receive(progress) == .taken)
        #expect(calls.receive(progress) == .dropped)
    }

    @Test func `A newer attempt replaces an older one, which then has no outcome`() throws {
        var (calls, key) = try waiting(attempt: 1)
        let tool = try #require(try ToolDeclarations.parse("{\(weatherTool)}").tools.first)
        let request = ToolRequest(
            tool: tool, callID: "c", arguments: [], effectID: "e", subject: "s", attempt: 2, idempotencyKey: "k",
            traceparent: nil, deadline: .now)
        _ = try calls.begin(
            request, topic: "t", responseTopic: topic, message: OutgoingMessage(topic: "t", payload: []))
        #expect(calls.remove(key, attempt: 1) == nil)
        #expect(calls.remove(key, attempt: 2) != nil)
    }
}
