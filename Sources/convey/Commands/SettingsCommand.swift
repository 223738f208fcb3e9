import ArgumentParser
import ConveySettings
import Signals
import Terminal

/// `convey settings`
struct SettingsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "settings",
        abstract: "List the settings: YAML path, flag, environment variable, default.",
        discussion: "convey serve --print-config shows what is in force.")

    @Argument(help: "Only settings whose path contains this text.")
    var text: String?
    @Flag(help: ArgumentHelp("Print the tables of docs/CONFIGURATION.md.", visibility: .hidden))
    var markdown = false
    @OptionGroup
    var output: OutputFlags

    func run() {
        if markdown { return StandardOutput.write(SettingsDocument.markdown) }
        let keys = Settings.all.filter { key in text.map { key.path.contains($0) } ?? true }
        guard output.isJSON else {
            return StandardOutput.print([
                TextTable(
                    ["SETTING", "FLAG", "ENVIRONMENT", "DEFAULT", "MEANING"], empty: "no such settings",
                    rows: keys.map {
                        [$0.path, "--\($0.flag)", $0.environment[0], $0.defaultText ?? $0.defaultNote ?? "-", $0.help]
                    })
            ])
        }
        for key in keys { StandardOutput.print(json: Self.json(key)) }
    }

    private static func json(_ key: SettingKey) -> [UInt8] {
        var object = JSONObjectBuilder()
        object.add("path", key.path)
        object.add("flag", key.flag)
        object.add("environment", key.environment[0])
        if let text = key.defaultText { object.add("default", text) }
        if let note = key.defaultNote { object.add("default_note", note) }
        object.add("meaning", key.help)
        return object.finish()
    }
}
