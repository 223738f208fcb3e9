import Conversation
import ConveyEngine
import EffectPort
import Signals
import Testing

private func signal(_ id: String, _ type: String, _ data: String = "{}") -> Signal {
    Signal(id: id, source: "/http/alice", type: type, subject: "c", data: Array(data.utf8))
}

private let message = signal("m", "conv.in.message.received", #"{"content":"refund me"}"#)
private let execution = "conv.effect.tool.execution"

@Suite("Decisions about tool calls")
struct ApprovalDecisionTests {
    /// Returns a conversation in which a call of `refund` waits for a person.
    private func asking(_ change: (inout EngineSettings) -> Void = { _ in }) throws -> (Harness, effect: String) {
        let harness = try Harness {
            $0.effects.tools["refund"] = ToolPolicy(
                requiresApproval: true, approvalTimeout: .seconds(60),
                argumentsProblem: { JSONObjectView($0)?["amount"] == nil ? "amount is missing" : nil })
            change(&$0)
        }
        let call = ToolCall(id: "call", name: "refund", arguments: #"{"amount":40}"#)
        let asked = try #require(try harness.take(message).attempts.first)
        let output = try harness.report(
            asked, .completed(EffectResult(content: "", finishReason: "tool_calls", toolCalls: [call])))
        #expect(output.attempts.isEmpty)
        return (harness, try #require(try harness.data(SignalType.toolApprovalRequested)["effect_id"]?.string))
    }

    @Test func `A call without a decision in time is denied, and the model receives the reason`() throws {
        let (harness, effect) = try asking()
        #expect(try harness.data(SignalType.toolApprovalRequested)["expires_at"]?.string != nil)
        #expect(try harness.pass(59_000).attempts.isEmpty)
        try harness.restart()
        #expect(harness.signals("\(execution).failed").isEmpty)
        let next = try #require((try harness.pass(1_001).attempts + harness.settle()).first)
        #expect(next.effect.effectClass == .llm)
        let failed = try harness.data("\(execution).failed")
        #expect(failed["code"]?.string == "approval_timeout" && failed["effect_id"]?.string == effect)
        #expect(try harness.data(SignalType.toolDecided)["decision"]?.string == "expired")
        // A late approval changes nothing.
        try harness.take(signal("late", SignalType.toolApproved, #"{"effect_id":"\#(effect)"}"#))
        #expect(harness.signals(SignalType.effectUnknownTarget).count == 1)
        #expect(harness.signals("\(execution).started").isEmpty)
    }

    @Test func `With an approval timeout of zero, a call waits forever`() throws {
        let (harness, _) = try asking { $0.effects.tools["refund"]?.approvalTimeout = .zero }
        try harness.pass(365 * 86_400_000)
        #expect(harness.signals("\(execution).failed").isEmpty)
        #expect(harness.engine.nextTimeout() == nil)
    }

    @Test func `The approving person is recorded, and a second decision changes nothing`() throws {
        let (harness, effect) = try asking()
        let data = #"{"effect_id":"\#(effect)","decided_by":"alice@example.org"}"#
        let attempt = try #require(try harness.take(signal("a1", SignalType.toolApproved, data)).attempts.first)
        #expect(attempt.call?.arguments == #"{"amount":40}"#)
        let decided = try harness.data(SignalType.toolDecided)
        #expect(decided["decision"]?.string == "approved" && decided["decided_by"]?.string == "alice@example.org")
        #expect(decided["decision_source"]?.string == "/http/alice")
        #expect(decided["edited_arguments"] == nil)
        for type in [SignalType.toolApproved, SignalType.toolDenied] {
            #expect(try harness.take(signal("again-\(type)", type, data)).attempts.isEmpty)
        }
        #expect(harness.signals(SignalType.effectUnknownTarget).count == 2)
        #expect(harness.signals(SignalType.toolDecided).count == 1)
        #expect(harness.signals("\(execution).started").count == 1)
        // An approved call no longer expires.
        try harness.report(attempt, .completed(EffectResult(content: "done")))
        #expect(harness.signals("\(execution).failed").isEmpty)
    }

    @Test func `Arguments edited by a person are recorded with the model's, shown to the model and kept by a restart`()
        throws
    {
        let (harness, effect) = try asking()
        let data = #"{"effect_id":"\#(effect)","arguments":{"amount": 20}}"#
        let first = try #require(try harness.take(signal("a", SignalType.toolApproved, data)).attempts.first)
        #expect(first.call?.arguments == #"{"amount": 20}"#)
        let decided = try harness.data(SignalType.toolDecided)
        #expect(decided["arguments"]?.string == #"{"amount":40}"#)
        #expect(decided["edited_arguments"]?.string == #"{"amount": 20}"#)
        #expect(try harness.data("\(execution).started")["arguments"]?.string == #"{"amount": 20}"#)
        try harness.restart()
        let second = try #require((try harness.transact().attempts + harness.settle()).first)
        #expect(second.call?.arguments == #"{"amount": 20}"#)
        let next = try #require(
            try harness.report(second, .completed(EffectResult(content: "refunded"))).attempts.first)
        var context = LLMContextProjection(options: .request())
        for record in harness.disk.records where record.position <= next.contextThrough {
            guard case .signal(let signal) = record.content else { continue }
            context.apply(ProjectionEvent(signal, offset: record.offset))
        }
        let told = context.request().last?.content ?? ""
        #expect(told.hasPrefix("refunded") && told.contains(#"{"amount": 20}"#))
    }

    @Test(arguments: [#"{"sum":1}"#, "[1]", #""not an object""#, "7"])
    func `Invalid arguments cause an audit signal, and the call still waits`(arguments: String)
        throws
    {
        let (harness, effect) = try asking()
        let data = #"{"effect_id":"\#(effect)","arguments":\#(arguments)}"#
        #expect(try harness.take(signal("bad", SignalType.toolApproved, data)).attempts.isEmpty)
        let refused = try harness.data(SignalType.toolDecisionRefused)
        #expect(refused["signal_id"]?.string == "bad" && refused["message"]?.string?.isEmpty == false)
        #expect(harness.signals(SignalType.toolDecided).isEmpty)
        let good = #"{"effect_id":"\#(effect)"}"#
        #expect(try harness.take(signal("good", SignalType.toolApproved, good)).attempts.count == 1)
    }

    @Test func `A denial's reason reaches the model`() throws {
        let (harness, effect) = try asking()
        let data = #"{"effect_id":"\#(effect)","reason":"not over 30"}"#
        let next = try #require(try harness.take(signal("d", SignalType.toolDenied, data)).attempts.first)
        var context = LLMContextProjection(options: .request())
        for record in harness.disk.records where record.position <= next.contextThrough {
            guard case .signal(let signal) = record.content else { continue }
            context.apply(ProjectionEvent(signal, offset: record.offset))
        }
        #expect(context.request().last?.content.contains("not over 30") == true)
        #expect(try harness.data(SignalType.toolDecided)["reason"]?.string == "not over 30")
    }
}
