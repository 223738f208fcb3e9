import Foundation

/// The sources of this package, as text.
enum SourceTree {
    struct File {
        /// From the root of the repository: `Sources/Signals/Signal.swift`.
        var path: String
        var lines: [Substring]

        /// As editors count lines.
        var lineCount: Int { lines.last == "" ? lines.count - 1 : lines.count }

        /// `Signal` for `Signal.swift` and for `Signal+Order.swift`.
        var typeName: String {
            let name = path.split(separator: "/").last ?? ""
            return String(name.prefix { $0 != "." && $0 != "+" })
        }

        var isMain: Bool { path.hasSuffix("/main.swift") }

        /// Modules that the file imports.
        var imports: Set<String> {
            Set(
                topLevelLines.filter { $0.contains("import ") }.compactMap { line in
                    line.firstMatch(of: /^(?:@?\w+ )*import (?:(?:struct|class|enum|func|protocol|typealias) )?(\w+)/)
                        .map { String($0.1) }
                })
        }

        /// Types that the file declares at its top level for other files.
        var types: [String] {
            topLevelLines.compactMap { line in
                line.firstMatch(of: /^(?:@\S+ |\w+ )*(?:struct|class|enum|actor|protocol) (\w+)/).map { String($0.1) }
            }
        }

        private var topLevelLines: some Sequence<Substring> {
            lines.lazy.filter { line in
                guard let first = line.first, first.isLetter || first == "@" else { return false }
                return !line.hasPrefix("private ") && !line.hasPrefix("extension ") && !line.hasPrefix("fileprivate ")
            }
        }
    }

    /// The root of the repository.
    static let root: String = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3)
        .joined(separator: "/")

    static func text(_ path: String) throws -> String {
        try String(contentsOfFile: "\(root)/\(path)", encoding: .utf8)
    }

    /// All Swift files under a folder.
    static func files(under folder: String) throws -> [File] {
        try FileManager.default.subpathsOfDirectory(atPath: "\(root)/\(folder)").filter { $0.hasSuffix(".swift") }
            .sorted().map {
                let path = "\(folder)/\($0)"
                return File(path: path, lines: try text(path).split(separator: "\n", omittingEmptySubsequences: false))
            }
    }

    static func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: "\(root)/\(path)") }

    /// The documents for people: `README.md`, `docs/ARCHITECTURE.md`.
    static func documents() throws -> [String] {
        let manager = FileManager.default
        return try manager.contentsOfDirectory(atPath: root).sorted().filter { $0.hasSuffix(".md") }
            + manager.subpathsOfDirectory(atPath: "\(root)/docs").sorted().filter { $0.hasSuffix(".md") }.map {
                "docs/\($0)"
            }
    }

    /// Folders of `Sources` that hold Swift, which are the modules.
    static func modules() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: "\(root)/Sources").sorted().filter {
            try !files(under: "Sources/\($0)").isEmpty
        }
    }
}
