import ArgumentParser

/// A conversation on the command line: any non-blank text of at most 256 bytes without control characters.
struct SubjectArgument {
    let subject: String

    /// For ArgumentParser, which puts the error's words after the value.
    /// - Throws: `ValidationError` with the rule that the text breaks.
    @Sendable static func parse(_ argument: String) throws -> Self {
        guard argument.contains(where: { !$0.isWhitespace }) else {
            throw ValidationError("a conversation's name is not empty")
        }
        guard argument.utf8.count <= 256 else {
            throw ValidationError("a conversation's name has at most 256 bytes; this one has \(argument.utf8.count)")
        }
        guard !argument.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else {
            throw ValidationError("a conversation's name has no control characters")
        }
        return Self(subject: argument)
    }
}
