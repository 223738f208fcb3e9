import Foundation
import TestSupport

/// A fenced block of a Markdown document.
struct DocumentBlock {
    /// `sh`: commands of one terminal. `console`: commands behind `$ ` with what they print. `tail`: what the last command that
    /// still runs has printed. `yaml`: a file.
    let language: String
    let lines: [String]
    /// Where it begins in the document, for messages.
    let line: Int

    var text: String { lines.joined(separator: "\n") + "\n" }

    /// The blocks of a document, named by its path in the repository.
    static func read(_ path: String) throws -> [DocumentBlock] {
        let file = PythonEnvironment.repository.appendingPathComponent(path)
        let lines = try String(contentsOf: file, encoding: .utf8).components(separatedBy: "\n")
        var blocks: [DocumentBlock] = []
        var open: (language: String, first: Int)?
        for (index, line) in lines.enumerated() where line.hasPrefix("```") {
            if let (language, first) = open {
                blocks.append(DocumentBlock(language: language, lines: Array(lines[first..<index]), line: first))
                open = nil
            } else {
                open = (String(line.dropFirst(3)), index + 1)
            }
        }
        return blocks
    }

    /// The commands of a `console` block, each with what the document shows of its output.
    var commands: [(command: String, output: [String])] {
        var found: [(command: String, output: [String])] = []
        for line in lines {
            if line.hasPrefix("$ ") {
                found.append((String(line.dropFirst(2)), []))
            } else if !found.isEmpty {
                found[found.count - 1].output.append(line)
            }
        }
        return found
    }
}
