/// Something that happens to a client command.
enum ClientEvent: Sendable, Equatable {
    case receipt(Receipt)
    case published(PublishedEvent)
    /// The time for the receipt of the message with that id is over.
    case receiptOverdue(String)
    /// The time for the answer to the message with that id is over.
    case timeout(String)
    /// Ctrl-C.
    case interrupted
    /// A line the user typed.
    case line(String)
    case endOfInput
    /// The connection to the broker has ended for good.
    case connectionEnded
}
