/// The next step of a client command.
package enum ClientAction: Sendable, Equatable {
    /// Text for standard output, as it is.
    case write(String)
    /// JSON for standard output, as it came.
    case json([UInt8])
    /// A line for standard error.
    case note(String)
    /// Read one line from standard input, with a prompt on a terminal, and post it.
    case readLine
    case sendMessage(id: String, text: String)
    case sendAbort
    /// Request a retry of the newest failed answer.
    case sendRetry(id: String)
    /// - Parameter reason: of a denial, for the model.
    case sendDecision(effectID: String, isGiven: Bool, reason: String?)
    /// Post a `timeout` of this name after a while.
    case wake(String, after: Duration)
    case exit(Int32)
}
