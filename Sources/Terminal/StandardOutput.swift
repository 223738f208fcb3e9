import Glibc

/// Standard output, for a command's answer. Together with `StandardError` it is the only way to a terminal, so that
/// control characters from foreign text cannot reach it. It is unbuffered: each piece of an answer is visible at once.
package enum StandardOutput {
    package static var isTerminal: Bool { isatty(STDOUT_FILENO) == 1 }

    /// Writes text, made printable.
    package static func write(_ text: String) { Channel.output.write(PrintableText.make(text)) }

    /// Writes a line, made printable.
    package static func print(_ line: String) { write(line + "\n") }

    /// Writes a line with colours.
    package static func print(_ line: StyledText) {
        Channel.output.write(line.rendered(isColored: Color.isWanted) + "\n")
    }

    /// Writes tables with a blank line between them. If the first one has no rows, says so on standard error.
    package static func print(_ tables: [TextTable]) {
        if let first = tables.first, first.isEmpty { StandardError.print(first.empty) }
        for (index, table) in tables.filter({ !$0.isEmpty }).enumerated() {
            if index > 0 { write("\n") }
            for line in table.lines { print(line) }
        }
    }

    /// Writes JSON as one line: unchanged for a program, with control characters escaped on a terminal.
    package static func print(json: some Collection<UInt8>) {
        let text = String(decoding: json, as: UTF8.self)
        Channel.output.write((isTerminal ? PrintableText.json(text) : text) + "\n")
    }
}
