/// An event is larger than the parser may keep.
public struct ServerSentEventTooLarge: Error, Equatable {
    public let limit: Int
}
