import Glibc

/// Standard error, for everything except a command's answer: notes, errors, the log.
package enum StandardError {
    package static var isTerminal: Bool { isatty(STDERR_FILENO) == 1 }

    /// Writes a line, made printable, with one system call, so that lines of several threads do not mix.
    package static func print(_ line: String) { Channel.error.write(PrintableText.make(line) + "\n") }
}
