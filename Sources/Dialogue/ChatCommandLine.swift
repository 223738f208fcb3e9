/// A line of a chat that is no message: `/help`.
enum ChatCommandLine: Equatable {
    case help, abort, retry, quit
    /// - Parameter effect: nil for the call that waits.
    case approve(String?)
    case deny(String?)
    case unknown(String)

    static let helpText = """
        /help               these commands
        /abort              cancel what is under way in this conversation
        /retry              retry the failed answer
        /approve [EFFECT]   let the call run that waits for approval
        /deny [REASON]      refuse it
        /quit               leave; Ctrl-D as well
        Ctrl-C aborts an answer. A message that begins with / is written with //.
        """

    /// Nil for a message.
    init?(_ line: String) {
        guard line.hasPrefix("/"), !line.hasPrefix("//"), !line.contains("\n") else { return nil }
        let words = line.dropFirst().split(separator: " ", maxSplits: 1).map(String.init)
        let rest = words.count > 1 ? words[1].trimmed : nil
        switch words.first ?? "" {
        case "help", "?": self = .help
        case "abort": self = .abort
        case "retry": self = .retry
        case "approve": self = .approve(rest)
        case "deny": self = .deny(rest)
        case "quit", "exit": self = .quit
        case let name: self = .unknown(name)
        }
    }

    /// The message in a line.
    static func message(_ line: String) -> String {
        line.hasPrefix("//") ? String(line.dropFirst()) : line
    }
}

extension String {
    /// Without white space around it; nil where nothing is left.
    fileprivate var trimmed: String? {
        let start = drop(while: \.isWhitespace)
        guard let end = start.lastIndex(where: { !$0.isWhitespace }) else { return nil }
        return String(start[...end])
    }
}
