/// Patterns of LIKE (sqlite.org/lang_expr.html#like), with `\` for an escape.
enum LikePattern {
    static func containing(_ text: String) -> String {
        var pattern = "%"
        for character in text.unicodeScalars {
            if character == "%" || character == "_" || character == "\\" { pattern.unicodeScalars.append("\\") }
            pattern.unicodeScalars.append(character)
        }
        return text.isEmpty ? pattern : pattern + "%"
    }
}
