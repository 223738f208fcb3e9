/// The table of settings as a part of docs/CONFIGURATION.md: `convey settings --markdown` prints it, `make docs` puts it there.
package enum SettingsDocument {
    private static let header = """
        | flag | environment | YAML | default | meaning |
        |---|---|---|---|---|
        """

    /// A heading and a table for each section.
    package static var markdown: String {
        SettingKey.Section.allCases.map { section in
            let rows = Settings.all.filter { $0.section == section }.map(row)
            return (["### \(section.rawValue)\n", header] + rows).joined(separator: "\n") + "\n"
        }.joined(separator: "\n")
    }

    private static func row(_ key: SettingKey) -> String {
        let standard = key.defaultText.map { "`\($0)`" } ?? key.defaultNote ?? ""
        return "| `--\(key.flag)` | `\(key.environment[0])` | `\(key.path)` | \(standard) | \(key.help) |"
    }
}
