/// Text from a provider inside our messages.
package enum ProviderText {
    /// Enough to understand an error; messages are recorded and published.
    package static let characterLimit = 500

    /// The server's own text in the body of an error, wherever it is; nil if there is none.
    package static func words(of body: [UInt8]) -> String? {
        (ProviderError(body: body) ?? ProviderError(text: body.trimmed)).message
    }

    /// `text` on one line without control characters (including those that change the direction of writing) and
    /// secrets, cut to `characterLimit`.
    package static func clean(_ text: String, secrets: [Secret] = []) -> String {
        var scalars = String.UnicodeScalarView()
        var isSpace = true
        for scalar in text.unicodeScalars {
            let drops = isControl(scalar)
            if drops || scalar == " " {
                if !isSpace { scalars.append(" ") }
                isSpace = true
            } else {
                scalars.append(scalar)
                isSpace = false
            }
        }
        if scalars.last == " " { scalars.removeLast() }
        let redacted = secrets.reduce(String(scalars)) { text, secret in secret.redacted(in: text) }
        guard redacted.unicodeScalars.count > characterLimit else { return redacted }
        return String(String.UnicodeScalarView(redacted.unicodeScalars.prefix(characterLimit))) + "…"
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: true
        default: false
        }
    }
}
