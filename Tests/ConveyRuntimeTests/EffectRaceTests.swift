import Conversation
import ConveyEngine
import EffectPort
import JournalPort
import Signals
import Testing

/// Everything that can happen to an effect at its end, in every order.
@Suite struct EffectRaceTests {
    private enum Happening: CaseIterable {
        case delta, complete, fail, failForGood, timeout, abort, cancelOne, endOutside, crash
    }

    /// All orders of up to `length` events, each at most once.
    private static func orders(_ length: Int) -> [[Happening]] {
        guard length > 0 else { return [[]] }
        return orders(length - 1).flatMap { order in
            Happening.allCases.filter { !order.contains($0) }.map { order + [$0] }
        }
    }

    @Test(arguments: ["llm", "tool"])
    func `An effect has exactly one end, in whatever order things happen to it`(what: String) throws {
        let orders = Self.orders(4)
        #expect(orders.count == 3_024)
        for order in orders {
            let (harness, effect) = try begin(what)
            for happening in order { try happen(happening, harness, effect) }
            try settle(harness)
            let ends = ["completed", "failed", "canceled"].flatMap {
                harness.signals("conv.effect.\(effect.effectClass.rawValue).\(effect.kind).\($0)")
            }.filter { (try? JSONValue($0.data))?["effect_id"]?.string == effect.effectID }
            // An end from outside may be recorded after the end: it is a signal like any other, and the first end
            // counts.
            let own = ends.filter { $0.source == Signal.effectSource }
            let outside = ends.filter { $0.source != Signal.effectSource }
            #expect(own.count <= 1 && own.count + outside.count >= 1, "\(order): \(ends.map(\.id))")
            if own.isEmpty { #expect(order.contains(.endOutside), "\(order)") }
            #expect(harness.disk.effects[effect.key] == nil, "\(order)")
        }
    }

    /// An effect whose first attempt runs.
    private func begin(_ what: String) throws -> (Harness, OpenEffect) {
        let harness = try Harness { settings in
            settings.effects.llm = EffectPolicy(maxAttempts: 2, backoff: .milliseconds(10), timeout: .seconds(1))
            settings.effects.tool = settings.effects.llm
        }
        let message = Signal(
            id: "m", source: "/test", type: "conv.in.message.received", subject: "c", data: Array("{}".utf8))
        let generation = try #require(try harness.take(message).attempts.first)
        if what == "llm" { return (harness, generation.effect) }
        let call = ToolCall(id: "call", name: "clock", arguments: "{}")
        let tools = try harness.report(generation, .completed(EffectResult(content: "", toolCalls: [call]))).attempts
        return (harness, try #require(tools.first).effect)
    }

    private func happen(_ happening: Happening, _ harness: Harness, _ effect: OpenEffect) throws {
        // The newest attempt reports; it also reports after the end.
        var newest = effect
        newest.attempt = harness.disk.effects[effect.key]?.attempt ?? effect.attempt
        func report(_ event: EffectReport.Event) throws {
            var input = EngineInput()
            input.reports = [EffectReport(newest, event)]
            _ = try harness.engine.process(input, at: harness.time)
        }
        func signal(_ type: String, _ data: String) throws {
            try harness.take(
                Signal(id: "\(happening)", source: "/test", type: type, subject: "c", data: Array(data.utf8)))
        }
        switch happening {
        case .delta: try report(.delta(EffectDelta("piece")))
        case .complete: try report(.completed(EffectResult(content: "done")))
        case .fail: try report(.failed(EffectFailure(.provider, "again")))
        case .failForGood: try report(.failed(EffectFailure(.config, "no")))
        case .timeout: try harness.pass(3_001)
        case .abort: try signal("conv.in.control.abort_requested", "{}")
        case .cancelOne: try signal("conv.in.effect.cancel_requested", #"{"effect_id":"\#(effect.effectID)"}"#)
        case .endOutside:
            try signal(
                "conv.effect.\(effect.effectClass.rawValue).\(effect.kind).completed",
                #"{"effect_id":"\#(effect.effectID)","lifecycle":"completed"}"#)
        case .crash: try harness.restart()
        }
    }

    /// Ends everything that is still open.
    private func settle(_ harness: Harness) throws {
        for _ in 0..<20 {
            let attempts = try harness.pass(50).attempts
            for attempt in attempts { try harness.report(attempt, .completed(EffectResult(content: "done"))) }
            for effect in harness.disk.effects.values where effect.attempt > 0 && effect.dueAt == nil {
                var input = EngineInput()
                input.reports = [EffectReport(effect, .completed(EffectResult(content: "done")))]
                _ = try harness.engine.process(input, at: harness.time)
            }
            if harness.disk.effects.isEmpty, !harness.engine.hasWork { return }
        }
        Issue.record("effects are left: \(harness.disk.effects)")
    }
}
