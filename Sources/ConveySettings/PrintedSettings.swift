import ChatCompletions
import Signals

/// The settings in force as a YAML file, each with its origin. It can serve as a configuration file once the masked
/// secrets are filled in.
package enum PrintedSettings {
    package static func yaml(_ inForce: [SettingsResolver.InForce]) -> String {
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
        if key.isStructured, let value = try? JSONValue(Array(text.utf8)), value.array != nil || value.object != nil {
            return flow(value)
        }
        return switch key.secrecy {
        case .open: scalar(text)
        case .secret: scalar(Secret.mask)
        case .urlWithPassword: scalar(BrokerURL.masked(text))
        case .url: scalar(URLText.masked(text))
        }
    }

    /// Structured values as one line, which YAML reads as JSON does. URLs in them are masked.
    private static func flow(_ value: JSONValue) -> String {
        var line = ""
        for scalar in masked(value).description.unicodeScalars {
            // Allowed in JSON, but not unquoted in YAML.
            let isRefused =
                0x7f...0x9f ~= scalar.value || [0x2028, 0x2029, 0xfeff, 0xfffe, 0xffff].contains(scalar.value)
            if isRefused {
                let digits = String(scalar.value, radix: 16)
                line += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            } else {
                line.unicodeScalars.append(scalar)
            }
        }
        return line
    }

    private static func masked(_ value: JSONValue) -> JSONValue {
        switch value {
        case .string(let text): .string(text.contains("://") ? URLText.masked(text) : text)
        case .array(let elements): .array(elements.map(masked))
        case .object(let members): .object(members.map { ($0.key, masked($0.value)) })
        case .null, .bool, .integer, .fraction: value
        }
    }

    /// The text as a YAML scalar: plain if it certainly reads back as the same text, otherwise quoted.
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

extension Secret {
    /// Stands for a secret in printed settings.
    static let mask = "********"
}
