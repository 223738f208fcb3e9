/// The help of a command as ArgumentParser writes it, but in another order: the command's own options come before those
/// that it shares with others. ArgumentParser writes titled sections first.
enum HelpText {
    private static let own = "OPTIONS:"
    private static let leading: Set = ["USAGE", "ARGUMENTS:"]

    /// Other texts come back as they are.
    static func arranged(_ text: String) -> String {
        var sections: [[Substring]] = [[]]
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if isTitle(line) { sections.append([]) }
            sections[sections.count - 1].append(line)
        }
        guard let index = sections.firstIndex(where: { $0.first.map(String.init) == own }),
            let target = sections.firstIndex(where: { $0.first.map(isShared) ?? false }), target < index
        else { return text }
        var section = sections.remove(at: index)
        // The last section ends without a blank line.
        if section.last?.isEmpty == false {
            section.append("")
            if sections.last?.last?.isEmpty == true { sections[sections.count - 1].removeLast() }
        }
        sections.insert(section, at: target)
        return sections.flatMap(\.self).joined(separator: "\n")
    }

    private static func isShared(_ title: Substring) -> Bool {
        isTitle(title) && title != own && title != "ARGUMENTS:" && !title.hasSuffix("SUBCOMMANDS:")
    }

    /// `BROKER:`, `NODE AND EMBEDDED BROKER:`
    private static func isTitle(_ line: Substring) -> Bool {
        guard let first = line.first, first.isUppercase, line.hasSuffix(":") else { return false }
        return line == line.uppercased()
    }
}
