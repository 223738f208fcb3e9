import Foundation
import Testing

@testable import convey

@Suite("README")
struct ReadmeTests {
    @Test("The table of settings has every setting as help shows it, and no other")
    func settingsTable() throws {
        let readme = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("README.md")
        let rows = try String(contentsOf: readme, encoding: .utf8).split(separator: "\n").map(String.init)
            .filter { $0.hasPrefix("| `--") }
        let expected = Settings.all.map(Self.row)
        let missing = Set(expected).subtracting(rows)
        #expect(missing.isEmpty, "to be added:\n\(missing.sorted().joined(separator: "\n"))")
        let extra = Set(rows).subtracting(expected)
        #expect(extra.isEmpty, "to be removed:\n\(extra.sorted().joined(separator: "\n"))")
        #expect(rows.count == expected.count)
    }

    private static func row(_ key: SettingKey) -> String {
        let standard = key.defaultText.map { "`\($0)`" } ?? key.defaultNote ?? ""
        return "| `--\(key.flag)` | `\(key.environment[0])` | `\(key.path)` | \(standard) | \(key.help) |"
    }
}
