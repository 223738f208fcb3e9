/// Why there is no complete reply.
public struct ChatFailure: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Category: String, Sendable, CaseIterable {
        /// The request, the model or the base URL is wrong.
        case config
        /// The key is wrong or may not do this, or its account has no credit.
        case auth
        /// A time limit was exceeded.
        case timeout
        /// The provider has failed, is overloaded, limits requests, or sent an unusable reply.
        case provider
        /// The connection could not be made or did not hold.
        case transport
        /// The client was shut down.
        case canceled
        case unknown
    }

    public var category: Category
    /// What failed, where, and what to do. Contains no key, and no part of the conversation except what the provider repeats
    /// in its error message, which is quoted up to `ProviderText.characterLimit`.
    public var message: String
    /// The message without the provider's own words, which may repeat what a user wrote: for logs.
    public var reason: String
    /// How long the provider asked to wait.
    public var retryAfter: Duration?
    /// The status of the provider's answer, if it gave one.
    public var status: Int?
    /// For programs, where the category does not say enough: `incomplete_tool_calls`, `invalid_tool_calls`.
    public var code: String?
    /// Whether no provider was there to answer: not reached, overloaded, or away by its own account. Never of a reply that has begun.
    public var isUnavailable = false
    /// The text that had come until then, all of it emitted.
    public var partialContent = ""
    /// The thinking that had come until then, all of it emitted.
    public var partialThinking = ""

    public init(
        _ category: Category, _ message: String, reason: String? = nil, retryAfter: Duration? = nil, status: Int? = nil,
        code: String? = nil
    ) {
        self.category = category
        self.message = message
        self.reason = reason ?? message
        self.retryAfter = retryAfter
        self.status = status
        self.code = code
    }

    /// Whether the same request may succeed later.
    public var isRetriable: Bool {
        switch category {
        case .timeout, .provider, .transport: true
        case .config, .auth, .canceled, .unknown: false
        }
    }

    public var description: String { "\(category.rawValue): \(message)" }
}

extension ChatProvider {
    /// A failure of this provider.
    /// - Parameters:
    ///   - what: follows the provider's name, such as `answered 404`.
    ///   - ownWords: `what` without the provider's words; nil where it has none.
    ///   - advice: a sentence, without its full stop.
    func failure(
        _ category: ChatFailure.Category, _ what: String, ownWords: String? = nil, advice: String? = nil,
        retryAfter: Duration? = nil, status: Int? = nil, code: String? = nil, isUnavailable: Bool = false
    ) -> ChatFailure {
        var failure = ChatFailure(
            category, sentence(what, advice: advice), reason: ownWords.map { sentence($0, advice: advice) },
            retryAfter: retryAfter, status: status, code: code)
        failure.isUnavailable = isUnavailable
        return failure
    }

    private func sentence(_ what: String, advice: String?) -> String {
        // The provider's words may end with a full stop.
        let end = advice.map { what.hasSuffix(".") ? " \($0)" : ". \($0)" } ?? ""
        return "\(name) (\(endpoint.place)) \(what)\(end)"
    }
}

extension Duration {
    /// For messages: `30 s`, `0.25 s`.
    package var words: String {
        let milliseconds = components.seconds * 1_000 + components.attoseconds / 1_000_000_000_000_000
        if milliseconds % 1_000 == 0 { return "\(milliseconds / 1_000) s" }
        return "\(Double(milliseconds) / 1_000) s"
    }
}
