/// The result of a request to one provider of a chain.
public struct ChatReport: Sendable {
    public enum End: Sendable {
        case completed(ChatOutcome)
        /// - Parameter next: the name of the provider that is asked now; nil if none is.
        case failed(ChatFailure, next: String?)
    }

    /// The name of the provider.
    public let provider: String
    /// From the request to the first emitted piece; nil if the reply was not streamed, or had no text.
    public let firstToken: Duration?
    /// From the request to its end.
    public let duration: Duration
    public let end: End
}
