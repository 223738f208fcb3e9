/// An OpenAI-compatible server and how to talk to it.
public struct ChatProvider: Sendable {
    /// The member of the request that limits the tokens of the reply. OpenAI's reasoning models refuse the old name, many
    /// other servers do not know the new one.
    public enum TokenLimitMember: String, Sendable, CaseIterable {
        case maxTokens = "max_tokens"
        case maxCompletionTokens = "max_completion_tokens"
    }

    /// A header of the provider's own, such as Azure's `api-key`. Its value is treated as a secret.
    public struct Header: Sendable {
        public let name: String
        public let value: Secret

        public init(name: String, value: Secret) {
            self.name = name
            self.value = value
        }
    }

    /// The provider's name in messages and outcomes.
    public let name: String
    public let endpoint: ChatEndpoint
    /// Sent as `Authorization: Bearer`; nil for servers that need none.
    public let apiKey: Secret?
    /// The model of requests without one.
    public private(set) var model: String
    /// Sent as `OpenAI-Organization`.
    public let organization: String?
    public let headers: [Header]
    public let tokenLimitMember: TokenLimitMember
    /// Whether to request the usage of streamed replies (`stream_options`). Some servers refuse an unknown member.
    public let asksForUsage: Bool

    /// - Parameters:
    ///   - baseURL: the part before `/chat/completions`, such as `https://api.openai.com/v1`.
    ///   - apiKey: an empty one counts as none.
    /// - Throws: `ChatFailure` of category `config` that names the error, but never a value that may be secret.
    public init(
        name: String, baseURL: String, apiKey: Secret? = nil, model: String, organization: String? = nil,
        headers: [Header] = [], tokenLimitMember: TokenLimitMember = .maxTokens, asksForUsage: Bool = true
    ) throws(ChatFailure) {
        endpoint = try ChatEndpoint(baseURL: baseURL, provider: name)
        let key = apiKey.flatMap { $0.isEmpty ? nil : $0 }
        if let key, !HeaderText.isValue(key.reveal()) {
            throw ChatFailure(
                .config,
                "the API key of provider \(name) contains a line break or another control character; "
                    + "check the file or variable it comes from")
        }
        if let organization, !HeaderText.isValue(organization) {
            throw ChatFailure(.config, "the organization of provider \(name) contains a control character")
        }
        for header in headers {
            let lowercased = header.name.lowercased()
            let isOwn = HeaderText.ownNames.contains(lowercased) || key != nil && lowercased == "authorization"
            guard HeaderText.isName(header.name), !isOwn else {
                throw ChatFailure(
                    .config, "provider \(name) cannot have an extra header named \(ProviderText.clean(header.name))")
            }
            guard HeaderText.isValue(header.value.reveal()) else {
                throw ChatFailure(
                    .config, "the header \(header.name) of provider \(name) contains a control character in its value")
            }
        }
        guard !model.isEmpty else { throw ChatFailure(.config, "provider \(name) has no model") }
        self.name = name
        self.apiKey = key
        self.model = model
        self.organization = organization
        self.headers = headers
        self.tokenLimitMember = tokenLimitMember
        self.asksForUsage = asksForUsage
    }

    /// The same with another default model.
    /// - Throws: `ChatFailure` of category `config` if it is empty.
    public func asking(model: String) throws(ChatFailure) -> ChatProvider {
        guard !model.isEmpty else { throw ChatFailure(.config, "provider \(name) has no model") }
        var provider = self
        provider.model = model
        return provider
    }

    /// Whether a secret would be sent unencrypted over a network; logged as a warning at the start.
    public var sendsSecretsInClear: Bool {
        !endpoint.isEncrypted && !endpoint.isLoopback && (apiKey != nil || !headers.isEmpty)
    }

    /// Secrets that messages must not contain.
    var secrets: [Secret] { (apiKey.map { [$0] } ?? []) + headers.map(\.value) }
}
