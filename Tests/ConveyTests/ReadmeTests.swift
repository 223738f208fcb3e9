import Foundation
import Testing

@testable import convey
@testable import ConveySettings

@Suite("README")
struct ReadmeTests {
    @Test("The first screen names both commands, make run and make test")
    func bothCommands() throws {
        let screen = try Self.readme().prefix(30)
        for command in ["make run", "make test"] {
            #expect(screen.contains { $0.hasPrefix(command) }, "`\(command)` is not among the first 30 lines")
        }
    }

    @Test("The table of settings has every setting as help shows it, and no other")
    func settingsTable() throws {
        let rows = try Self.readme().filter { $0.hasPrefix("| `--") }
        let expected = Settings.all.map(Self.row)
        let missing = Set(expected).subtracting(rows)
        #expect(missing.isEmpty, "to be added:\n\(missing.sorted().joined(separator: "\n"))")
        let extra = Set(rows).subtracting(expected)
        #expect(extra.isEmpty, "to be removed:\n\(extra.sorted().joined(separator: "\n"))")
        #expect(rows.count == expected.count)
    }

    private static func readme() throws -> [String] {
        let readme = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("README.md")
        return try String(contentsOf: readme, encoding: .utf8).split(separator: "\n", omittingEmptySubsequences: false)
            .map(String.init)
    }

    private static func row(_ key: SettingKey) -> String {
        let standard = key.defaultText.map { "`\($0)`" } ?? key.defaultNote ?? ""
        return "| `--\(key.flag)` | `\(key.environment[0])` | `\(key.path)` | \(standard) | \(key.help) |"
    }
}
