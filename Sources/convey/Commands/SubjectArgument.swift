import ArgumentParser

/// A conversation on the command line: any non-blank text of at most 256 bytes without control characters.
struct SubjectArgument: ExpressibleByArgument {
    let subject: String

    init?(argument: String) {
        let isControl = argument.unicodeScalars.contains { $0.properties.generalCategory == .control }
        guard argument.contains(where: { !$0.isWhitespace }), argument.utf8.count <= 256, !isControl else { return nil }
        subject = argument
    }
}
