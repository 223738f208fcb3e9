import ConveyEngine
import EffectPort
import Signals
import Testing

@Suite struct StreamedTextTests {
    private static let generation = "conv.effect.llm.generation"

    private func message(_ index: Int) -> Signal {
        Signal(
            id: "m", source: "/test", type: "conv.in.message.received", subject: "c\(index)",
            data: Array(#"{"content":"hi"}"#.utf8))
    }

    /// The text that an attempt has streamed after a number of deltas.
    private func piece(_ attempt: Int, _ delta: Int) -> String {
        "\(attempt)/\(delta) \"é\u{2028}\n" + String(repeating: "x", count: 50)
    }

    @Test func `Attempts that stream more than the engine keeps still end with their full text`() throws {
        let harness = try Harness {
            $0.effects.streamedTextLimit = 2_000
            $0.effects.llm.maxAttempts = 2
            $0.effects.llm.backoff = .milliseconds(1)
            $0.checkpointInterval = 100
            $0.conversationLimit = 3
        }
        var attempts: [EffectAttempt] = []
        for index in 0..<12 { attempts += try harness.take(message(index)).attempts }
        #expect(attempts.count == 12)
        // One attempt streams twice as much as the others, and ends first.
        for delta in 0..<40 {
            for (index, attempt) in attempts.enumerated() where delta < 20 || index == 0 {
                try harness.report(attempt, .delta(EffectDelta(piece(index, delta))))
                #expect(harness.engine.streamedTextBytes <= 2_000)
            }
        }
        for (index, attempt) in attempts.enumerated() {
            switch index % 3 {
            case 0: try harness.report(attempt, .failed(EffectFailure(.config, "no")))
            case 1:
                try harness.take(
                    Signal(
                        id: "stop", source: "/test", type: "conv.in.control.abort_requested", subject: "c\(index)",
                        data: Array("{}".utf8)))
            default:
                var result = EffectResult(content: "")
                result.isContentStreamed = true
                try harness.report(attempt, .completed(result))
            }
        }
        let ends = ["failed", "canceled", "completed"].flatMap { harness.signals("\(Self.generation).\($0)") }
        #expect(ends.count == 12)
        for end in ends {
            let index = try #require(Int(end.subject.dropFirst()))
            let text = (0..<(index == 0 ? 40 : 20)).map { piece(index, $0) }.joined()
            #expect(try JSONValue(end.data)["content"]?.string == text, "\(end.subject)")
        }
        #expect(harness.engine.streamedTextBytes == 0)
    }

    @Test func `Text that left memory belongs to its attempt, not to the next one`() throws {
        let harness = try Harness {
            $0.effects.streamedTextLimit = 10
            $0.effects.llm.maxAttempts = 2
        }
        let first = try #require(try harness.take(message(0)).attempts.first)
        try harness.report(first, .delta(EffectDelta("more than ten bytes")), .failed(EffectFailure(.provider, "one")))
        let second = try #require(try harness.pass(1_000).attempts.first)
        try harness.report(second, .delta(EffectDelta("few")), .failed(EffectFailure(.provider, "two")))
        #expect(try harness.data("\(Self.generation).failed")["content"]?.string == "few")
        #expect(harness.engine.streamedTextBytes == 0)
    }
}
