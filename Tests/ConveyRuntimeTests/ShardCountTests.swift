import SimulationKit
import Testing

@Suite struct ShardCountTests {
    @Test func `A conversation is the same whatever the number of shards`() throws {
        let day = RecordedDay()
        var one = try DayRun(shards: 1)
        let expected = try one.run(day)
        #expect(expected.count == day.subjects.count)
        for kind in Self.kinds {
            let count = expected.values.reduce(0) { $0 + $1.records.count { $0.contains(kind) } }
            #expect(count > 0, "nothing of the kind \(kind) happens")
        }
        #expect(expected.values.contains { $0.outcomes.contains { $0.contains("is known from") } })

        for count in [2, 8] {
            var several = try DayRun(shards: count)
            let found = try several.run(day)
            #expect(several.recordCounts.allSatisfy { $0 > 0 })
            #expect(Set(found.keys) == Set(expected.keys))
            for (subject, trace) in found {
                let other = try #require(expected[subject])
                if trace != other { Issue.record("\(subject), \(count) shards: \(Self.difference(other, trace))") }
            }
        }
    }

    /// What must happen in the day, or the test proves little.
    private static let kinds = [
        "conv.in.message.received", "llm.generation.completed", "llm.generation.failed", "llm.generation.canceled",
        "llm.generation.progress", "tool.execution.completed", "tool.execution.failed", "approval_requested",
        "conv.in.tool.denied", "timer.wait.completed", "timer.wait.canceled", "signal.dead_lettered",
        "effect.attempt_failed", "effect.late_result", "effect.unknown_target", "double_texting_rejected",
        "merged into", "interrupted by", "signal(\"applied-",
    ]

    private static func difference(_ one: DayTrace, _ other: DayTrace) -> String {
        for (name, list) in [
            ("record", \DayTrace.records), ("outcome", \.outcomes), ("event", \.events), ("timeline entry", \.timeline),
        ] {
            for (a, b) in zip(one[keyPath: list], other[keyPath: list]) where a != b { return "\(name)\n\(a)\n\(b)" }
            let counts = (one[keyPath: list].count, other[keyPath: list].count)
            if counts.0 != counts.1 { return "\(counts.0) and \(counts.1) of kind \(name)" }
        }
        return "state\n\(one.state)\n\(other.state)"
    }
}
