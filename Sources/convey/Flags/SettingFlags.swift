import ArgumentParser
import ConveySettings

extension Setting {
    /// The flag's name for ArgumentParser.
    var name: NameSpecification { .customLong(key.flag) }

    /// The flag's help: description, default, environment variable.
    var argumentHelp: ArgumentHelp {
        let standard = (key.defaultText ?? key.defaultNote).map { " Default: \($0)." } ?? ""
        return ArgumentHelp(
            "\(key.help)\(standard) [\(key.environment[0]), \(key.path)]",
            valueName: key.placeholder?.lowercased() ?? "")
    }
}

/// Flags whose values are settings. They are kept as texts here, so that invalid ones are reported together with those
/// from the environment and the file.
protocol SettingFlags: ParsableArguments {
    /// The settings of these flags, with the given texts.
    var texts: [(key: SettingKey, text: String?)] { get }
}

extension SettingFlags {
    var given: [SettingKey: String] {
        Dictionary(uniqueKeysWithValues: texts.compactMap { pair in pair.text.map { (pair.key, $0) } })
    }
}
