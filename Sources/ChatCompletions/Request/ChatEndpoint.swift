import FoundationEssentials

/// A provider's endpoint for chat completions: its base URL with `/chat/completions` appended to the path.
public struct ChatEndpoint: Sendable, Equatable {
    /// The URL of requests. Its query may contain secrets, so messages use `place`.
    let url: String
    /// The URL without its query, for messages.
    public let place: String
    /// Whether it is https.
    public let isEncrypted: Bool
    /// Whether the host is this machine, so that a key does not cross a network.
    public let isLoopback: Bool

    /// - Parameter baseURL: such as `https://api.openai.com/v1`. A query is kept (`?api-version=…`).
    /// - Throws: `ChatFailure` of category `config`.
    init(baseURL: String, provider: String) throws(ChatFailure) {
        func invalid(_ reason: String) -> ChatFailure {
            ChatFailure(
                .config,
                "the base URL of provider \(provider) \(reason); "
                    + "it must look like https://api.openai.com/v1 or http://127.0.0.1:8000/v1")
        }
        guard var parts = URLComponents(string: baseURL, encodingInvalidCharacters: false) else {
            throw invalid("is not a URL")
        }
        let scheme = parts.scheme?.lowercased()
        guard scheme == "https" || scheme == "http" else { throw invalid("is neither http:// nor https://") }
        guard let host = parts.host, !host.isEmpty else { throw invalid("has no host") }
        guard parts.user == nil, parts.password == nil else {
            throw invalid("has a user or password in it: set the API key instead")
        }
        guard parts.fragment == nil else { throw invalid("has a fragment (#…)") }
        var path = parts.percentEncodedPath[...]
        while path.last == "/" { path.removeLast() }
        parts.percentEncodedPath = path.hasSuffix("/chat/completions") ? String(path) : path + "/chat/completions"
        guard let url = parts.string else { throw invalid("is not a URL") }
        parts.percentEncodedQuery = nil
        self.url = url
        place = parts.string ?? host
        isEncrypted = scheme == "https"
        isLoopback = host == "localhost" || host == "[::1]" || host == "::1" || host.hasPrefix("127.")
    }
}
