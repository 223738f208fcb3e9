/// The settings in force as a YAML file, each with its origin. It can be used as a configuration file, once its masked
/// secrets are filled in.
enum PrintedSettings {
    static func yaml(_ inForce: [SettingsResolver.InForce]) -> String {
        let byKey = Dictionary(inForce.map { ($0.key, $0) }, uniquingKeysWith: { first, _ in first })
        var lines: [String] = []
        var headings: [String] = []
        for key in Settings.all {
            let levels = key.path.split(separator: ".").map(String.init)
            let above = Array(levels.dropLast())
            let shared = zip(headings, above).prefix { $0 == $1 }.count
            for depth in shared..<max(shared, above.count) {
                lines.append(indent(depth) + above[depth] + ":")
            }
            headings = above
            let value = byKey[key]
            let text = value?.text.map { shown($0, key) }.map { " " + $0 } ?? ""
            let name = indent(above.count) + (levels.last ?? key.path)
            lines.append("\(name):\(text)  # \((value?.origin ?? .standard).description)")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func indent(_ depth: Int) -> String { String(repeating: "  ", count: depth) }

    private static func shown(_ text: String, _ key: SettingKey) -> String {
        switch key.secrecy {
        case .open: scalar(text)
        case .secret: scalar(Secret.mask)
        case .urlWithPassword: scalar(BrokerURL.masked(text))
        }
    }

    /// The text as a YAML scalar: plain where that is certain to read back as the same text, else quoted.
    private static func scalar(_ text: String) -> String {
        let isPlain =
            text.first.map { $0.isLetter || $0.isNumber || "./".contains($0) } ?? false
            && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "._-/:@+".contains($0)) }
            && !text.hasSuffix(":")
        if isPlain { return text }
        var quoted = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": quoted += "\\\\"
            case "\"": quoted += "\\\""
            case _ where scalar.value < 0x20:
                quoted += "\\x" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return "\"\(quoted)\""
    }
}
