/// The counts of one model provider since the process started.
public struct ModelCounts: Sendable {
    /// Its name in the settings.
    public let provider: String
    /// Tokens of requests, as the provider reports them. Providers that report nothing add nothing.
    public var inputTokens: UInt64 = 0
    /// Tokens of complete replies, as the provider reports them.
    public var outputTokens: UInt64 = 0
    /// Number of times the next provider was asked because this one failed.
    public var fallbacks: UInt64 = 0
    /// Failed attempts by category.
    public var failures: [String: UInt64]
    /// From a request to the first text or thinking of a streamed reply.
    public var firstToken = Histogram(.answers)
    /// From a request to the end of a complete reply.
    public var generation = Histogram(.answers)

    /// - Parameter categories: of failures; each is exported from the start, with 0.
    public init(provider: String, categories: [String]) {
        self.provider = provider
        failures = Dictionary(uniqueKeysWithValues: categories.map { ($0, 0) })
    }
}
