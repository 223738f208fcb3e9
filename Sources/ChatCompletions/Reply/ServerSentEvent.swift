/// One event of a `text/event-stream`.
public struct ServerSentEvent: Sendable, Equatable {
    /// The `event` field; nil if there is none.
    public var type: String?
    /// The `data` lines, joined by line feeds: UTF-8.
    public var data: [UInt8]

    public init(type: String? = nil, data: [UInt8]) {
        self.type = type
        self.data = data
    }
}
