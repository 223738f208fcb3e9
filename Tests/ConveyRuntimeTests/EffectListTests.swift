import Conversation
import EffectPort
import JournalPort
import JournalReading
import JournalSupport
import Signals
import Testing

/// The view `effects`, for tool calls and single conversations.
@Suite struct EffectListTests {
    private func message(_ id: String, _ subject: String) -> Signal {
        Signal(
            id: id, source: "/test", type: SignalType.messageReceived, subject: subject,
            data: Array(#"{"content":"hi"}"#.utf8))
    }

    private func list(
        _ harness: Harness, _ subject: String = "", limits: QueryLimits = QueryLimits(),
        _ change: (inout QueryRequest) -> Void = { _ in }
    ) throws -> JSONValue {
        var request = QueryRequest(.effects, subject: subject)
        change(&request)
        return try JSONValue(QueryExecutor(reader: harness.journal, limits: limits).answer(request).body)
    }

    /// A conversation whose answer has called two tools; the first needs approval.
    private func callingTools(_ arguments: String) throws -> Harness {
        let harness = try Harness { $0.effects.tools["refund"] = ToolPolicy(requiresApproval: true) }
        let generation = try #require(try harness.take(message("m", "c")).attempts.first)
        let calls = [
            ToolCall(id: "call-1", name: "refund", arguments: arguments),
            ToolCall(id: "call-2", name: "clock", arguments: "{}"),
        ]
        try harness.report(
            generation, .completed(EffectResult(content: "", finishReason: "tool_calls", toolCalls: calls)))
        return harness
    }

    @Test func `A tool's effect is listed with its name and arguments, also while it waits for approval`() throws {
        let effects = try list(callingTools(#"{"amount":40}"#))["effects"]?.array ?? []
        #expect(effects.map { $0["state"]?.string } == ["awaiting_consent", "running"])
        #expect(effects.map { $0["tool_name"]?.string } == ["refund", "clock"])
        #expect(effects.map { $0["tool_call_id"]?.string } == ["call-1", "call-2"])
        #expect(effects.map { $0["arguments"]?.string } == [#"{"amount":40}"#, "{}"])
        #expect(effects.allSatisfy { $0["arguments_bytes"] == nil && $0["ordered_at"] != nil })
    }

    @Test func `Long arguments are cut at a character boundary, and the list gives their full length`() throws {
        let long = #"{"text":"\#(String(repeating: "é", count: 5_000))"}"#
        let effect = try #require(try list(callingTools(long))["effects"]?.array?.first)
        let shown = try #require(effect["arguments"]?.string)
        #expect(long.hasPrefix(shown) && (4_090...4_096).contains(shown.utf8.count))
        #expect(effect["arguments_bytes"]?.int == long.utf8.count)
    }

    @Test(arguments: [1, 3, 1_000])
    func `Each effect of a conversation is listed once, however few records one question may read`(
        scanLimit: Int
    ) throws {
        let harness = try Harness()
        for number in 0..<24 {
            _ = try harness.take(message("m\(number)", number % 3 == 0 ? "wanted" : "other-\(number)"))
        }
        var limits = QueryLimits()
        limits.scanLimit = scanLimit
        var found: [String] = []
        var cursor: String?
        var pages = 0
        repeat {
            let page = try list(harness, "wanted", limits: limits) {
                $0.limit = 2
                $0.cursor = cursor
            }
            found += (page["effects"]?.array ?? []).compactMap { $0["effect_id"]?.string }
            cursor = page["next"]?["cursor"]?.string
            pages += 1
        } while cursor != nil && pages < 100
        #expect(found == stride(from: 0, to: 24, by: 3).map { "llm-generation-m\($0)" })
        #expect(try list(harness, "nobody")["effects"]?.array?.isEmpty == true)
        #expect(try list(harness)["effects"]?.array?.count == 24)
    }

    @Test func `The parameter conversation follows the rules of subjects`() throws {
        #expect(try QueryRequest(.effects, subject: "", parameters: [("subject", "a/b")]).subject == "a/b")
        for subject in ["", " ", String(repeating: "x", count: 257)] {
            #expect(throws: QueryError.self, "\(subject.count)") {
                try QueryRequest(.effects, subject: "", parameters: [("subject", subject)])
            }
        }
    }
}
