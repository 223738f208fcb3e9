import ChatCompletions

/// Providers that have refused the request of an effect for a reason that does not pass, like a wrong key: while others of the chain are
/// waited for, these are not asked again. Only in memory: after a restart each is asked again.
struct ProviderRefusals {
    /// Effects that are remembered; the oldest are forgotten.
    static let limit = 1_000

    private var refusals: [String: [String: ChatFailure]] = [:]
    /// Idempotency keys, oldest first; those that were forgotten are among them until their turn comes.
    private var order: [String] = []

    /// By the provider's name.
    func of(effect key: String) -> [String: ChatFailure] { refusals[key] ?? [:] }

    /// Notes a failure, unless another attempt may succeed.
    mutating func note(_ failure: ChatFailure, of provider: String, effect key: String) {
        switch failure.category {
        case .config, .auth: break
        case .timeout, .provider, .transport, .canceled, .unknown: return
        }
        if refusals[key] == nil {
            order.append(key)
            if order.count > Self.limit { refusals[order.removeFirst()] = nil }
        }
        refusals[key, default: [:]][provider] = failure
    }

    /// The effect has its answer, or gets none.
    mutating func forget(effect key: String) {
        guard refusals.removeValue(forKey: key) != nil else { return }
        order.removeAll { $0 == key }
    }
}
