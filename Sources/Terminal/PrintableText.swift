import Signals

/// Text that is safe to display. Text from models, tools and publishers may contain control characters that move the
/// cursor, set the window's title or hide following text.
package enum PrintableText {
    /// The replacement for a control character.
    static let substitute: Unicode.Scalar = "?"

    /// The text with control characters replaced. Line feeds and tabs stay. Carriage returns are removed: before a line
    /// feed they mean nothing, and alone they would overwrite the line.
    package static func make(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: isUnsafe) else { return text }
        var scalars = String.UnicodeScalarView()
        for scalar in text.unicodeScalars where scalar != "\r" {
            scalars.append(isUnsafe(scalar) ? substitute : scalar)
        }
        return String(scalars)
    }

    /// The text with control characters replaced, and line breaks and tabs as spaces.
    package static func line(_ text: String) -> String {
        let text = make(text)
        guard text.contains(where: { $0.isNewline || $0 == "\t" }) else { return text }
        return String(text.map { $0.isNewline || $0 == "\t" ? " " : $0 })
    }

    /// The text as a JSON string (RFC 8259 section 7) without control characters, including those that JSON allows.
    package static func quoted(_ text: String) -> String {
        var bytes: [UInt8] = []
        JSONWriter.append(string: text, to: &bytes)
        return json(String(decoding: bytes, as: UTF8.self))
    }

    /// JSON on one line with its control characters escaped. They can occur only in strings, where `\u009b` means the
    /// same as the character.
    package static func json(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: { isUnsafe($0) || $0 == "\n" || $0 == "\t" }) else { return text }
        var result = ""
        for scalar in text.unicodeScalars {
            if scalar == "\n" || scalar == "\t" || scalar == "\r" {
                result += " "
            } else if isUnsafe(scalar) {
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// Control characters (C0, DEL, C1), and the two that reverse the direction of following text.
    private static func isUnsafe(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x09, 0x0a: false
        case 0x00..<0x20, 0x7f..<0xa0, 0x202d, 0x202e: true
        default: false
        }
    }
}
