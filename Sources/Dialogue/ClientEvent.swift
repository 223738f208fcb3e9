/// Something that happens to a client command.
package enum ClientEvent: Sendable, Equatable {
    case receipt(Receipt)
    case published(PublishedEvent)
    /// The receipt of this message did not arrive in time.
    case receiptOverdue(String)
    /// The answer to this message did not arrive in time.
    case timeout(String)
    /// Ctrl-C.
    case interrupted
    /// A line the user typed.
    case line(String)
    case endOfInput
    /// The connection to the broker is closed and will not be re-established.
    case connectionEnded
}
