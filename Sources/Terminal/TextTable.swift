/// A table for people: columns under their headers. The last column is not padded and may have several lines, which are indented
/// below its first.
package struct TextTable: Sendable {
    private let headers: [String]
    private var rows: [[String]] = []
    private let right: Set<Int>
    /// The text to print if there are no rows.
    package let empty: String

    /// - Parameters:
    ///   - right: the columns of numbers.
    ///   - empty: the text to print if there are no rows.
    package init(_ headers: [String], right: Set<Int> = [], empty: String, rows: [[String]]) {
        self.headers = headers
        self.right = right
        self.empty = empty
        self.rows = rows.map { row in
            row.indices.map { $0 == row.count - 1 ? PrintableText.make(row[$0]) : PrintableText.line(row[$0]) }
        }
    }

    package var isEmpty: Bool { rows.isEmpty }

    /// The headers and the rows; empty if there are no rows.
    package var lines: [StyledText] {
        guard !rows.isEmpty else { return [] }
        let all = [headers] + rows
        let widths = headers.indices.map { column in all.map { DisplayWidth.of($0[column]) }.max() ?? 0 }
        return all.enumerated().flatMap { index, row in
            lines(row, widths).map { StyledText($0, index == 0 ? .bold : nil) }
        }
    }

    private func lines(_ row: [String], _ widths: [Int]) -> [String] {
        var head = ""
        for (column, cell) in row.dropLast().enumerated() {
            let padding = String(repeating: " ", count: widths[column] - DisplayWidth.of(cell))
            head += (right.contains(column) ? padding + cell : cell + padding) + "  "
        }
        let indent = String(repeating: " ", count: DisplayWidth.of(head))
        return (row.last ?? "").split(separator: "\n", omittingEmptySubsequences: false).enumerated().map {
            Self.trimmed(($0 == 0 ? head : indent) + $1)
        }
    }

    private static func trimmed(_ line: String) -> String {
        var line = line[...]
        while line.last == " " { line = line.dropLast() }
        return String(line)
    }
}
