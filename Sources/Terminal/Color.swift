import Glibc

/// A style of text on a terminal (ECMA-48, section 8.3.117).
package enum Color: Int, Sendable {
    case bold = 1
    case dim = 2
    case red = 31
    case green = 32
    case yellow = 33

    /// Whether standard output is a terminal with colours, and the user has not declined them (https://no-color.org).
    static var isWanted: Bool {
        let isDeclined = getenv("NO_COLOR").map { $0.pointee != 0 } ?? false
        let isDumb = getenv("TERM").map { strcmp($0, "dumb") == 0 } ?? true
        return StandardOutput.isTerminal && !isDeclined && !isDumb
    }
}
