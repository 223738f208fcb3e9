/// Why an attempt failed.
public struct EffectFailure: Error, Sendable, Equatable {
    public enum Category: String, Sendable, CaseIterable {
        case config, auth, timeout, provider, transport, canceled, unknown

        /// Whether another attempt may succeed.
        public var isRetriable: Bool {
            switch self {
            case .timeout, .provider, .transport: true
            case .config, .auth, .canceled, .unknown: false
            }
        }
    }

    public var category: Category
    /// The problem, its place, and what to do about it. Published.
    public var message: String
    /// The wait before the next attempt that the provider asks for.
    public var retryAfter: Duration?
    /// A code for programs if the category is not specific enough: `double_texting_rejected`; nil for none.
    public var code: String?
    /// Whether the model or tool was unavailable: no connection, no subscriber, or a server that reports overload or downtime. Such an
    /// attempt does not count towards `maxAttempts`; the effect waits (docs/adr/0039-patience.md). True only for retriable categories.
    public var isUnavailable: Bool

    public init(
        _ category: Category, _ message: String, retryAfter: Duration? = nil, code: String? = nil,
        isUnavailable: Bool = false
    ) {
        self.category = category
        self.message = message
        self.retryAfter = retryAfter
        self.code = code
        self.isUnavailable = isUnavailable && category.isRetriable
    }
}
