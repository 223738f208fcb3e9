import Foundation

/// One scenario as a line of JSON: each number as `name`, `name_min` and `name_max`.
enum JSONLine {
    static func text(_ report: ScenarioReport, mode: String, startedAt: String) -> String {
        var members: [(String, String)] = [
            ("scenario", quoted(report.scenario)), ("variant", quoted(report.variant)), ("mode", quoted(mode)),
            ("started_at", quoted(startedAt)),
        ]
        for number in report.numbers {
            let spread = number.spread
            members.append((number.name, text(spread.median)))
            guard number.values.count > 1 else { continue }
            members.append(("\(number.name)_min", text(spread.least)))
            members.append(("\(number.name)_max", text(spread.most)))
        }
        members.append(("runs", String(report.numbers.map(\.values.count).max() ?? 0)))
        members.append(("noise", text(report.noise.total)))
        members.append(("noise_stolen", text(report.noise.stolen)))
        members.append(("verdict", quoted(verdict(of: report)?.rawValue ?? "")))
        members.append(("notes", "[\(report.notes.map(quoted).joined(separator: ","))]"))
        return "{" + members.map { "\(quoted($0.0)):\($0.1)" }.joined(separator: ",") + "}"
    }

    /// The worst of a scenario's verdicts; nil when it has no targets.
    static func verdict(of report: ScenarioReport) -> ScenarioReport.Verdict? {
        let verdicts = report.numbers.compactMap(\.verdict)
        return [.missed, .metMust, .metAim].first { verdicts.contains($0) }
    }

    /// Six significant digits: more would be noise.
    static func text(_ value: Double) -> String {
        guard value.isFinite else { return "null" }
        return String(format: "%.6g", value)
    }

    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
