/// The table of modules in docs/ARCHITECTURE.md.
enum ModuleTable {
    struct Row: Equatable {
        var modules: Set<String>
        var products: Set<String>
    }

    /// Rows by module.
    static func read() throws -> [String: Row] {
        let text = try SourceTree.text("docs/ARCHITECTURE.md")
        guard let start = text.firstRange(of: "| module | what it holds | imports | from other packages |") else {
            return [:]
        }
        var rows: [String: Row] = [:]
        for line in text[start.upperBound...].split(separator: "\n").dropFirst() {
            guard line.hasPrefix("| `") else { break }
            let cells = line.split(separator: "|").map { Set($0.matches(of: /`(\w+)`/).map { String($0.1) }) }
            guard cells.count == 4, let module = cells[0].first else { break }
            rows[module] = Row(modules: cells[2], products: cells[3])
        }
        return rows
    }
}
