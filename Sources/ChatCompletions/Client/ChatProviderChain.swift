/// Providers in the order in which they are tried.
public struct ChatProviderChain: Sendable {
    public let providers: [ChatProvider]
    /// Failures of providers that are not asked, by name: the same request would fail there in the same way.
    public var known: [String: ChatFailure] = [:]

    /// - Throws: `ChatFailure` of category `config` when there are none.
    public init(_ providers: [ChatProvider]) throws(ChatFailure) {
        guard !providers.isEmpty else { throw ChatFailure(.config, "there is no model provider") }
        self.providers = providers
    }

    fileprivate func provider(after index: Int) -> ChatProvider? {
        providers.dropFirst(index + 1).first { known[$0.name] == nil }
    }
}

extension ChatClient {
    /// Tries one provider after another until one answers. The next one is tried when a provider fails for a reason of its
    /// own (anything but `canceled` and `unknown`) before any of its reply was emitted. After that the failure is
    /// thrown, because two replies must not be mixed. `ChatOutcome.provider` names the one that answered.
    ///
    /// `timeouts.total` counts over all of them, the other limits for each. The request's `model` would go to all of them:
    /// use it only if all providers of the chain have that model. Otherwise as `run` with one provider.
    ///
    /// - Parameter report: called, by this task, after each request that completed or failed; not after a cancelled one.
    /// - Throws: when all failed, one `ChatFailure` that describes each failure; it is retriable if one of them is, with the
    ///   shortest delay of those.
    public func run(
        _ request: ChatRequest, chain: ChatProviderChain, timeouts: ChatTimeouts = ChatTimeouts(),
        report: (ChatReport) -> Void = { _ in }, emit: (ChatDelta) async throws -> Void
    ) async throws -> ChatOutcome {
        let deadline = ContinuousClock.now + timeouts.total
        var failures: [ChatFailure] = []
        for (index, provider) in chain.providers.enumerated() {
            if let failure = chain.known[provider.name] {
                failures.append(failure)
                continue
            }
            let start = ContinuousClock.now
            var timeouts = timeouts
            timeouts.total = max(.zero, deadline - start)
            var firstEmitted: ContinuousClock.Instant?
            func reportEnd(_ end: ChatReport.End) {
                report(
                    ChatReport(
                        provider: provider.name, firstToken: request.stream ? firstEmitted.map { $0 - start } : nil,
                        duration: .now - start, end: end))
            }
            do {
                let outcome = try await run(request, provider: provider, timeouts: timeouts) { delta in
                    if firstEmitted == nil { firstEmitted = .now }
                    try await emit(delta)
                }
                reportEnd(.completed(outcome))
                return outcome
            } catch let failure as ChatFailure {
                var failure = failure
                // It was there.
                if firstEmitted != nil { failure.isUnavailable = false }
                let goesOn = firstEmitted == nil && failure.letsAnotherTry
                let next = goesOn && ContinuousClock.now < deadline ? chain.provider(after: index) : nil
                if !Task.isCancelled { reportEnd(.failed(failure, next: next?.name)) }
                guard goesOn else { throw failure }
                failures.append(failure)
                if next == nil, ContinuousClock.now >= deadline { break }
            }
        }
        throw ChatFailure(all: failures)
    }
}

extension ChatFailure {
    fileprivate var letsAnotherTry: Bool {
        switch category {
        case .config, .auth, .timeout, .provider, .transport: true
        case .canceled, .unknown: false
        }
    }

    /// The failure of a chain.
    /// - Parameter failures: of its providers, at least one, in order.
    fileprivate init(all failures: [ChatFailure]) {
        let retriable = failures.filter(\.isRetriable)
        guard failures.count > 1, let last = retriable.last ?? failures.last else {
            self = failures.first ?? ChatFailure(.config, "there is no model provider")
            return
        }
        self = last
        // One that comes back is enough.
        isUnavailable = retriable.contains(where: \.isUnavailable)
        message = "no provider answered: " + failures.map(\.message).joined(separator: "; ")
        reason = "no provider answered: " + failures.map(\.reason).joined(separator: "; ")
        // Providers without a delay can be retried at any time.
        let waits = retriable.map { $0.retryAfter ?? .zero }
        retryAfter = waits.min().flatMap { $0 == .zero ? nil : $0 }
    }
}
