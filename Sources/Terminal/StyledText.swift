/// Text with colours. Each part is made printable before its colours are added.
package struct StyledText: Sendable, Equatable, ExpressibleByStringInterpolation {
    private var parts: [(text: String, color: Color?)] = []

    package init(_ text: String, _ color: Color? = nil) { parts = [(text, color)] }

    package init(stringLiteral value: String) { self.init(value) }

    package static func + (left: Self, right: Self) -> Self {
        var sum = left
        sum.parts += right.parts
        return sum
    }

    package static func == (left: Self, right: Self) -> Bool {
        left.parts.elementsEqual(right.parts) { $0.text == $1.text && $0.color == $1.color }
    }

    /// The text without colours.
    package var plain: String { rendered(isColored: false) }

    func rendered(isColored: Bool) -> String {
        parts.map { part in
            let text = PrintableText.make(part.text)
            guard isColored, let color = part.color, !text.isEmpty else { return text }
            return "\u{1b}[\(color.rawValue)m\(text)\u{1b}[0m"
        }.joined()
    }
}
