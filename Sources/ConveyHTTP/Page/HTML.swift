/// A piece of a page. Literals are markup; everything interpolated is text and is escaped, unless it is `HTML` itself.
/// So nothing from outside can become markup, and a single place ensures it.
struct HTML: Sendable, Equatable, ExpressibleByStringInterpolation {
    /// Markup.
    let text: String

    init(stringLiteral literal: StaticString) {
        text = literal.description
    }

    init(stringInterpolation: Interpolation) {
        text = stringInterpolation.text
    }

    struct Interpolation: StringInterpolationProtocol {
        fileprivate var text = ""

        init(literalCapacity: Int, interpolationCount: Int) {
            text.reserveCapacity(literalCapacity + 32 * interpolationCount)
        }

        mutating func appendLiteral(_ literal: StaticString) { text += literal.description }

        mutating func appendInterpolation(_ value: String) { HTML.escape(value, to: &text) }

        /// A text that must stay exact because it is sent back or read by the script: for attribute values only. Visible text
        /// is interpolated without the label.
        mutating func appendInterpolation(exact value: String) { HTML.escape(exact: value, to: &text) }

        mutating func appendInterpolation(_ value: some BinaryInteger) { text += String(value) }

        mutating func appendInterpolation(_ value: HTML) { text += value.text }

        mutating func appendInterpolation(_ value: HTML?) { text += value?.text ?? "" }

        mutating func appendInterpolation(_ values: [HTML]) {
            for value in values { text += value.text }
        }
    }

    /// The entity for a markup character; nil for other characters.
    private static func entity(_ scalar: Unicode.Scalar) -> String? {
        switch scalar {
        case "&": "&amp;"
        case "<": "&lt;"
        case ">": "&gt;"
        case "\"": "&quot;"
        case "'": "&#39;"
        default: nil
        }
    }

    /// For an attribute in quotation marks, which is not displayed. Line ends are escaped so that none is normalized.
    private static func escape(exact value: String, to text: inout String) {
        for scalar in value.unicodeScalars {
            if let entity = entity(scalar) {
                text += entity
                continue
            }
            switch scalar {
            case "\n", "\r": text += "&#\(scalar.value);"
            default: text.unicodeScalars.append(scalar)
            }
        }
    }

    /// For an element's content and for an attribute in quotation marks.
    ///
    /// Control characters are shown as their pictures (U+2400 to U+2421): browsers drop or misread them. Characters that
    /// turn the direction of what follows are shown by their names: they could make one text look like another.
    private static func escape(_ value: String, to text: inout String) {
        for scalar in value.unicodeScalars {
            if let entity = entity(scalar) {
                text += entity
                continue
            }
            switch scalar {
            case "\n", "\t": text.unicodeScalars.append(scalar)
            case "\u{0}"..."\u{1f}":
                text.unicodeScalars.append(UnicodeScalar(0x2400 + scalar.value) ?? "\u{fffd}")
            case "\u{7f}": text += "\u{2421}"
            case "\u{80}"..."\u{9f}": text += "\u{fffd}"
            case "\u{202a}"..."\u{202e}", "\u{2066}"..."\u{2069}":
                text += "[U+\(String(scalar.value, radix: 16, uppercase: true))]"
            default: text.unicodeScalars.append(scalar)
            }
        }
    }
}
