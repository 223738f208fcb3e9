import Foundation

/// What a document shows of an output, compared with a real one: numbers, times and ids may differ, `…` stands for anything, a
/// line `…` for any number of lines.
enum OutputShape {
    /// The first shown line that the output does not have; nil where it has all. Each line of the output stands for one shown line. The
    /// order does not count: what is published together comes in the order of its commit, which differs from run to run.
    static func firstMissing(_ shown: [String], in output: [String]) throws -> String? {
        var rest = output
        for line in shown where line != "…" && !line.isEmpty {
            let pattern = try Regex(pattern(line))
            guard let index = rest.firstIndex(where: { $0.wholeMatch(of: pattern) != nil }) else { return line }
            rest.remove(at: index)
        }
        return nil
    }

    static func pattern(_ line: String) -> String {
        var pattern = ""
        var rest = line[...]
        while let first = rest.first {
            if let match = rest.prefixMatch(of: /[0-9a-f]{8}-[0-9a-f]{4}-/) {
                pattern += "[0-9a-f]{8}-[0-9a-f]{4}-"
                rest = rest[match.range.upperBound...]
            } else if rest.hasPrefix("k3x7q") {
                pattern += "[a-z2-7]{5}"
                rest = rest.dropFirst(5)
            } else if first.isNumber {
                pattern += "[0-9]+"
                rest = rest.drop(while: \.isNumber)
            } else if first == " " {
                pattern += " +"
                rest = rest.drop { $0 == " " }
            } else if first == "…" {
                pattern += ".*"
                rest = rest.dropFirst()
            } else {
                pattern += NSRegularExpression.escapedPattern(for: String(first))
                rest = rest.dropFirst()
            }
        }
        return pattern
    }
}
