/// The next step of a client command.
package enum ClientAction: Sendable, Equatable {
    /// Text for standard output, as it is.
    case write(String)
    /// A line for standard error.
    case note(String)
    /// Read one line from standard input and post it.
    case readLine
    case sendMessage(id: String, text: String)
    case sendAbort
    /// Post a `timeout` of this name after a while.
    case wake(String, after: Duration)
    case exit(Int32)
}
