import Foundation

/// The lines of JSON of an earlier run, to compare with.
struct Baseline {
    /// A number that has changed, or not.
    struct Change: Equatable {
        var title: String
        var name: String
        var before: Double
        var after: Double
        /// Outside the spread of the earlier runs, and by more than `threshold`.
        var isMarked: Bool
        /// For the worse.
        var isWorse: Bool

        var percent: Double { before == 0 ? 0 : (after / before - 1) * 100 }
    }

    /// A smaller change cannot be distinguished from chance, however close the runs were.
    static let threshold = 0.05

    /// By scenario and variant. Of several lines of one kind, the last counts.
    private var lines: [String: [String: Any]] = [:]

    /// - Parameter file: lines of JSON, as `--json` writes them.
    init(file: String) throws {
        guard let text = ProcessFiles.text(file) else { throw BenchError("cannot read the baseline \(file)") }
        try self.init(text: text, name: file)
    }

    init(text: String, name: String) throws {
        for line in text.split(whereSeparator: \.isNewline) {
            guard let object = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any],
                let scenario = object["scenario"] as? String, let variant = object["variant"] as? String
            else { throw BenchError("the baseline \(name) has a line that is no result: \(line.prefix(80))") }
            lines["\(scenario)/\(variant)"] = object
        }
    }

    /// The comparison of each number that can get better or worse.
    func changes(in reports: [ScenarioReport]) -> [Change] {
        reports.flatMap { report -> [Change] in
            guard let line = lines["\(report.scenario)/\(report.variant)"] else { return [] }
            return report.numbers.compactMap { change(of: $0, title: report.title, in: line) }
        }
    }

    private func change(of number: ScenarioReport.Number, title: String, in line: [String: Any]) -> Change? {
        guard number.better != .neither, let before = Self.number(line[number.name]) else { return nil }
        let after = number.spread.median
        let least = Self.number(line["\(number.name)_min"]) ?? before
        let most = Self.number(line["\(number.name)_max"]) ?? before
        let isLarge = abs(after - before) > abs(before) * Self.threshold
        return Change(
            title: title, name: number.name, before: before, after: after,
            isMarked: isLarge && !(least...max(least, most)).contains(after),
            isWorse: number.better == .higher ? after < before : after > before)
    }

    private static func number(_ value: Any?) -> Double? { (value as? NSNumber)?.doubleValue }

    /// The changes as a table for people.
    static func text(_ changes: [Change]) -> String {
        guard !changes.isEmpty else { return "The baseline has none of these scenarios." }
        var rows = [["", "before", "after", "change", ""]]
        var title = ""
        for change in changes {
            if change.title != title { rows.append([change.title]) }
            title = change.title
            rows.append([
                "  \(change.name)", Table.readable(change.before), Table.readable(change.after),
                String(format: "%+.1f %%", change.percent),
                change.isMarked ? (change.isWorse ? "WORSE" : "better") : "",
            ])
        }
        return Table.aligned(rows)
    }
}
