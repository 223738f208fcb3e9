import Foundation

/// Scenarios as a table for people.
enum Table {
    private static let header = ["", "median", "min - max", "must", "aim", "verdict"]

    static func text(_ reports: [ScenarioReport]) -> String {
        var rows: [[String]] = []
        for report in reports {
            let noise = String(
                format: "others %.1f %%, stolen %.1f %%", report.noise.others * 100, report.noise.stolen * 100)
            rows.append(["\(report.title)  (\(report.isNoisy ? "NOISY" : "noise"): \(noise))"])
            rows += report.numbers.map { row($0, isNoisy: report.isNoisy) }
            rows += report.notes.map { ["  * \($0)"] }
        }
        return aligned([header] + rows)
    }

    /// Rows with aligned columns: the first and the last to the left, others to the right. A row of one cell is a
    /// heading.
    /// cell is a heading.
    static func aligned(_ rows: [[String]]) -> String {
        let table = rows.filter { $0.count > 1 }
        let widths = (0..<(table.first?.count ?? 0)).map { column in table.map { $0[column].count }.max() ?? 0 }
        return rows.map { line($0, widths) }.joined(separator: "\n")
    }

    private static func row(_ number: ScenarioReport.Number, isNoisy: Bool) -> [String] {
        let spread = number.spread
        let sign = number.better == .higher ? ">= " : "<= "
        let verdict = number.verdict.map { $0.rawValue + (isNoisy ? " (noisy)" : "") } ?? ""
        return [
            "  \(number.name)", readable(spread.median),
            number.values.count > 1 ? "\(readable(spread.least)) - \(readable(spread.most))" : "",
            number.target.map { sign + readable($0.must) } ?? "", number.target.map { sign + readable($0.aim) } ?? "",
            verdict,
        ]
    }

    private static func line(_ cells: [String], _ widths: [Int]) -> String {
        guard cells.count > 1 else { return cells.joined() }
        let padded = cells.indices.map { column in
            let space = String(repeating: " ", count: max(0, widths[column] - cells[column].count))
            return column == 0 || column == cells.count - 1 ? cells[column] + space : space + cells[column]
        }
        let line = padded.joined(separator: "  ")
        return String(line.reversed().drop { $0 == " " }.reversed())
    }

    /// Three or more significant digits, thousands grouped.
    static func readable(_ value: Double) -> String {
        let size = abs(value)
        if size >= 1_000 { return grouped(Int(value.rounded())) }
        if size >= 100 { return String(format: "%.0f", value) }
        if size >= 10 { return trimmed(String(format: "%.1f", value)) }
        return size >= 1 ? trimmed(String(format: "%.2f", value)) : trimmed(String(format: "%.3f", value))
    }

    /// Without a fraction of zeros, so that a target of 5 is not written 5.00.
    private static func trimmed(_ text: String) -> String {
        guard text.contains(".") else { return text }
        return String(text.reversed().drop { $0 == "0" }.drop { $0 == "." }.reversed())
    }

    private static func grouped(_ value: Int) -> String {
        let digits = String(abs(value))
        var result = ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % 3 == 0 { result += "," }
            result.append(digit)
        }
        return (value < 0 ? "-" : "") + result
    }
}
