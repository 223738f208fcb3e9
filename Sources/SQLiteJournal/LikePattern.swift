/// Patterns of LIKE (sqlite.org/lang_expr.html#like), with `\` for an escape.
///
/// LIKE knows the cases of ASCII letters only. Another letter matches any one here: the rows found are to be looked at again.
enum LikePattern {
    static func containing(_ text: String) -> String {
        var pattern = "%"
        for character in text.unicodeScalars {
            guard character.isASCII else {
                pattern.unicodeScalars.append("_")
                continue
            }
            if character == "%" || character == "_" || character == "\\" { pattern.unicodeScalars.append("\\") }
            pattern.unicodeScalars.append(character)
        }
        return text.isEmpty ? pattern : pattern + "%"
    }
}
