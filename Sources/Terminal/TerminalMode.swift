import Glibc

/// The mode of the terminal on standard input: the original one, and a silent one while an answer is written. In
/// silence, typed text waits in the terminal for the next prompt and does not mix with the answer.
package struct TerminalMode: Sendable {
    private let original: termios

    /// Nil if standard input or output is not a terminal, or cannot move its cursor.
    package init?() {
        guard isatty(STDIN_FILENO) == 1, StandardOutput.isTerminal else { return nil }
        guard let kind = getenv("TERM"), strcmp(kind, "dumb") != 0 else { return nil }
        var settings = termios()
        guard tcgetattr(STDIN_FILENO, &settings) == 0 else { return nil }
        original = settings
    }

    /// Hides typed text. Ctrl-C works as always.
    package func silence() {
        var settings = original
        settings.c_lflag &= ~tcflag_t(ECHO | ECHONL)
        tcsetattr(STDIN_FILENO, TCSADRAIN, &settings)
    }

    /// Asks the terminal to mark pastes.
    package func begin() { Channel.output.write("\u{1b}[?2004h") }

    /// Restores the terminal's original mode.
    package func restore() {
        Channel.output.write("\u{1b}[?2004l")
        var settings = original
        tcsetattr(STDIN_FILENO, TCSADRAIN, &settings)
    }
}
