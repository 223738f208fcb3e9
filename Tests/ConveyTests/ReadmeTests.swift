import ArgumentParser
import Foundation
import Testing

@testable import convey
@testable import ConveySettings

@Suite("README and CONFIGURATION")
struct ReadmeTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    @Test("The README has at most 150 lines, and its first screen names both commands, make run and make test")
    func readme() throws {
        let lines = try Self.text("README.md").components(separatedBy: "\n")
        #expect(lines.count <= 151)
        for command in ["make run", "make test"] {
            #expect(lines.prefix(30).contains { $0.hasPrefix(command) }, "`\(command)` is not among the first 30 lines")
        }
    }

    @Test("docs/CONFIGURATION.md has the tables of settings as the program prints them: make docs writes them")
    func settingsTables() throws {
        #expect(try Self.text("docs/CONFIGURATION.md").contains("\n\(SettingsDocument.markdown)\n"))
        for key in Settings.all {
            #expect(SettingsDocument.markdown.contains("| `--\(key.flag)` | `\(key.environment[0])` | `\(key.path)` |"))
        }
    }

    @Test("What the tables of settings say is what the help of convey serve says")
    func help() {
        let help = ServeCommand.helpMessage(includeHidden: true, columns: 10_000)
        for key in Settings.all {
            #expect(help.contains("--\(key.flag)") && help.contains(key.help), "\(key.path)")
        }
    }

    @Test("Every convey command in the documents is one that the program takes")
    func documentedCommands() throws {
        var count = 0
        for document in try Self.documents() {
            for block in try Self.text(document).components(separatedBy: "```").enumerated()
            where !block.offset.isMultiple(of: 2) {
                for command in Self.commands(block.element) {
                    count += 1
                    #expect(throws: Never.self, "\(document): convey \(command.joined(separator: " "))") {
                        try CommandName.check(command)
                        _ = try Convey.parseAsRoot(command)
                    }
                }
            }
        }
        #expect(count > 30)
    }

    /// The arguments of commands in a block: of lines that begin with `convey`, as one types it or after a `$`.
    private static func commands(_ block: String) -> [[String]] {
        block.replacing("\\\n", with: " ").components(separatedBy: "\n").compactMap { line in
            let line = line.trimmingCharacters(in: .whitespaces).trimmingPrefix("$ ")
            guard line.hasPrefix("convey ") else { return nil }
            return words(line.dropFirst("convey ".count))
        }
    }

    /// Splits a command as a shell does, up to a comment, a pipe or a second command.
    private static func words(_ line: Substring) -> [String] {
        var words: [String] = []
        var word: String?
        var quote: Character?
        for character in line {
            if let open = quote {
                if character == open { quote = nil } else { word = (word ?? "") + String(character) }
            } else if character == "\"" || character == "'" {
                (quote, word) = (character, word ?? "")
            } else if character.isWhitespace {
                if let whole = word { words.append(whole) }
                word = nil
            } else if "#|&;>".contains(character), word == nil {
                break
            } else {
                word = (word ?? "") + String(character)
            }
        }
        return words + (word.map { [$0] } ?? [])
    }

    private static func documents() throws -> [String] {
        try ["", "docs", "docs/guides", "docs/operations", "broker", "examples"].flatMap { folder in
            try FileManager.default.contentsOfDirectory(atPath: root.appendingPathComponent(folder).path)
                .filter { $0.hasSuffix(".md") && $0 != "CHANGELOG.md" }.map { folder.isEmpty ? $0 : "\(folder)/\($0)" }
        }
    }

    private static func text(_ path: String) throws -> String {
        try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
    }
}
