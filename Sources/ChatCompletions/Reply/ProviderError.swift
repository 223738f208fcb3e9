/// An error in a provider's own format. [ProviderError+Words](ProviderError+Words.swift) finds its text.
struct ProviderError: Error, Equatable, Sendable {
    var message: String?
    var type: String?
    var code: String?
    /// A code that is an HTTP status (OpenRouter, Gemini).
    var status: Int?
    /// How long to wait, if the error itself says so (Gemini's `retryDelay`).
    var retryAfter: Duration?

    init(
        message: String? = nil, type: String? = nil, code: String? = nil, status: Int? = nil,
        retryAfter: Duration? = nil
    ) {
        self.message = message
        self.type = type
        self.code = code
        self.status = status
        self.retryAfter = retryAfter
    }

    /// The category of the code, otherwise of the type; nil if both are unknown.
    var category: ChatFailure.Category? { Self.category(of: code) ?? Self.category(of: type) }

    /// The account has no credit. Reported as 429 although waiting does not help.
    var isQuota: Bool { code.map(Self.quotaWords.contains) ?? false || type.map(Self.quotaWords.contains) ?? false }

    private static let quotaWords: Set<String> = [
        "insufficient_quota", "billing_hard_limit_reached", "billing_not_active", "insufficient_balance",
        "exceeded_current_quota_error",
    ]

    private static func category(of word: String?) -> ChatFailure.Category? {
        guard let word else { return nil }
        if quotaWords.contains(word) { return .auth }
        switch word {
        case "invalid_api_key", "authentication_error", "invalid_authentication_error", "permission_error",
            "permission_denied", "account_deactivated", "PERMISSION_DENIED", "UNAUTHENTICATED":
            return .auth
        case "invalid_request_error", "invalid_request", "model_not_found", "not_found_error",
            "context_length_exceeded",
            "content_filter", "content_policy_violation", "unsupported_parameter", "unsupported_value",
            "INVALID_ARGUMENT",
            "NOT_FOUND":
            return .config
        case "timeout", "timeout_error", "request_timeout", "DEADLINE_EXCEEDED": return .timeout
        case "rate_limit_exceeded", "rate_limit_error", "server_error", "api_error", "overloaded_error",
            "engine_overloaded_error", "service_unavailable", "internal_error", "RESOURCE_EXHAUSTED", "UNAVAILABLE",
            "INTERNAL":
            return .provider
        default: return nil
        }
    }
}

extension ProviderError {
    /// What an HTTP status means for a completion request.
    static func category(ofStatus status: Int) -> ChatFailure.Category {
        switch status {
        // 402: no credit. It belongs to the key, and another provider may have some.
        case 401, 402, 403: .auth
        // 524: a proxy's (Cloudflare's) 504.
        case 408, 504, 524: .timeout
        // 409, 425 and 429 resolve themselves.
        case 409, 425, 429: .provider
        // Redirects are never followed: the key would travel with the request.
        case 300..<500: .config
        default: .provider
        }
    }
}
