import Foundation
import Testing

@testable import bench

@Suite("Reports")
struct ReportTests {
    private func report(_ values: [Double], _ better: ScenarioReport.Direction = .higher) -> ScenarioReport {
        var report = ScenarioReport("ingest", variant: "1 publisher")
        report.add("signals_per_second", values, better)
        return report
    }

    @Test("The verdict is the best target met")
    func verdicts() {
        let throughput = ScenarioReport.Target(must: 0.25, aim: 0.4)
        #expect(throughput.verdict(on: 0.4, .higher) == .metAim)
        #expect(throughput.verdict(on: 0.25, .higher) == .metMust)
        #expect(throughput.verdict(on: 0.249, .higher) == .missed)
        let latency = ScenarioReport.Target(must: 8, aim: 4)
        #expect(latency.verdict(on: 4, .lower) == .metAim)
        #expect(latency.verdict(on: 8, .lower) == .metMust)
        #expect(latency.verdict(on: 8.1, .lower) == .missed)
    }

    @Test("A line of JSON has the median, the minimum and the maximum")
    func json() throws {
        let line = JSONLine.text(report([3, 1, 2]), mode: "quick", startedAt: "now")
        let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        #expect(object["signals_per_second"] as? Double == 2)
        #expect(object["signals_per_second_min"] as? Double == 1)
        #expect(object["signals_per_second_max"] as? Double == 3)
        #expect(object["variant"] as? String == "1 publisher")
    }

    @Test(
        "A loss of a tenth is marked as worse; a change within the earlier spread is not",
        arguments: [
            (9_000.0, true), (9_600, false), (9_300, false), (11_000, false),
        ])
    func baseline(after: Double, isWorse: Bool) throws {
        let line = JSONLine.text(report([9_250, 10_000, 10_100]), mode: "full", startedAt: "now")
        let changes = try Baseline(text: line, name: "file").changes(in: [report([after])])
        let change = try #require(changes.first)
        #expect((change.isMarked && change.isWorse) == isWorse)
        #expect(change.before == 10_000)
    }

    @Test("Where lower is better, an increase is worse")
    func direction() throws {
        let line = JSONLine.text(report([10], .lower), mode: "full", startedAt: "now")
        let change = try #require(try Baseline(text: line, name: "file").changes(in: [report([12], .lower)]).first)
        #expect(change.isMarked && change.isWorse)
        #expect(abs(change.percent - 20) < 0.001)
    }

    @Test(
        "Numbers are short and keep their significant digits",
        arguments: [
            (0.0, "0"), (0.0254, "0.025"), (0.5, "0.5"), (1.0, "1"), (9.876, "9.88"), (45.67, "45.7"), (100, "100"),
            (1_234_567.8, "1,234,568"), (-1_500, "-1,500"),
        ])
    func numbers(value: Double, text: String) {
        #expect(Table.readable(value) == text)
    }
}
