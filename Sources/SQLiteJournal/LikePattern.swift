/// Patterns of LIKE (sqlite.org/lang_expr.html#like), with `\` as the escape character.
///
/// LIKE handles case only for ASCII letters. Here other letters match any letter: check the rows found again.
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
