/// The answer to a query, the same bytes at every endpoint.
public struct QueryAnswer: Sendable, Equatable {
    /// The HTTP status: 200, or that of the error.
    public var status: Int
    /// JSON.
    public var body: [UInt8]

    public init(status: Int, body: [UInt8]) {
        self.status = status
        self.body = body
    }

    public init(_ error: QueryError) {
        self.init(status: error.status, body: error.encode())
    }
}
