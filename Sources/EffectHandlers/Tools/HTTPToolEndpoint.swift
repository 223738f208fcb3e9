/// The HTTP endpoint of a tool.
public struct HTTPToolEndpoint: Sendable, Equatable {
    /// Requests are posted to exactly this URL.
    public let url: String
    /// The URL without its query, for messages.
    public let place: String
    /// Headers and the files with their values, read for each call, so that a secret can be changed while Convey runs.
    public let headerFiles: [HeaderFile]

    public struct HeaderFile: Sendable, Equatable {
        public let name: String
        public let path: String
    }
}
