import ChatCompletions
import EffectPort
import JournalPort
import Logging
import Observability
import Synchronization
import Threads

/// Counts what model providers do, and logs their failures and fallbacks: of each provider ten lines of each kind a minute at most.
/// Lines hold neither secrets nor text of conversations.
final class ModelReporter: Sendable {
    /// Stands for all providers that the settings do not know: conversations may name any.
    static let other = "other"
    /// A canceled attempt has not failed.
    private static let categories = EffectFailure.Category.allCases.filter { $0 != .canceled }.map(\.rawValue)

    private struct Provider {
        var counts: ModelCounts
        var failureLog = LogQuota()
        var fallbackLog = LogQuota()
    }

    private let logger: Logger
    private let now: @Sendable () -> Int64
    private let known: Set<String>
    private let providers: Mutex<[String: Provider]>

    /// - Parameters:
    ///   - providers: the names in the settings.
    ///   - now: microseconds of a clock that does not run backwards.
    init(
        providers: [String], logger: Logger, now: @escaping @Sendable () -> Int64 = { Clocks.monotonicMicroseconds() }
    ) {
        self.logger = logger
        self.now = now
        known = Set(providers + [ModelSettings.echo])
        self.providers = Mutex(
            Dictionary(uniqueKeysWithValues: Set(providers).map { ($0, Self.provider(named: $0)) }))
    }

    var counts: [ModelCounts] { providers.withLock { $0.values.map(\.counts) } }

    /// A provider has answered or failed.
    func report(_ report: ChatReport, of effect: OpenEffect) {
        switch report.end {
        case .completed(let outcome):
            change(report.provider) { provider in
                provider.counts.inputTokens &+= Self.tokens(outcome.usage?.promptTokens)
                provider.counts.outputTokens &+= Self.tokens(outcome.usage?.completionTokens)
                if let firstToken = report.firstToken { provider.counts.firstToken.observe(firstToken) }
                provider.counts.generation.observe(report.duration)
            }
        case .failed(let failure, _) where failure.category == .canceled: break
        case .failed(let failure, let next):
            failed(report.provider, failure.category.rawValue, failure.reason, failure.status, effect)
            if let next { fellBack(report.provider, next, effect) }
        }
    }

    /// An attempt has failed before a provider was asked.
    func report(notAsked provider: String, _ failure: EffectFailure, of effect: OpenEffect) {
        failed(provider, failure.category.rawValue, failure.message, nil, effect)
    }

    private func failed(
        _ provider: String, _ category: String, _ reason: String, _ status: Int?, _ effect: OpenEffect
    ) {
        let isLogged = change(provider) { provider in
            provider.counts.failures[category, default: 0] += 1
            return provider.failureLog.allows(now: now())
        }
        guard isLogged else { return }
        var metadata = metadata(provider, effect)
        metadata["category"] = "\(category)"
        metadata["reason"] = "\(reason)"
        if let status { metadata["status"] = .stringConvertible(status) }
        logger.warning("a model failed", metadata: metadata)
    }

    private func fellBack(_ provider: String, _ next: String, _ effect: OpenEffect) {
        let isLogged = change(provider) { provider in
            provider.counts.fallbacks += 1
            return provider.fallbackLog.allows(now: now())
        }
        guard isLogged else { return }
        var metadata = metadata(provider, effect)
        metadata["next"] = "\(next)"
        logger.warning("the next model provider is asked", metadata: metadata)
    }

    private func metadata(_ provider: String, _ effect: OpenEffect) -> Logger.Metadata {
        [
            "provider": "\(name(of: provider))", "attempt": .stringConvertible(effect.attempt),
            "effect": "\(effect.effectID)",
            "subject": "\(effect.subject)",
        ]
    }

    private func name(of provider: String) -> String { known.contains(provider) ? provider : Self.other }

    private func change<Value: Sendable>(_ name: String, _ body: (inout Provider) -> Value) -> Value {
        let name = self.name(of: name)
        return providers.withLock { body(&$0[name, default: Self.provider(named: name)]) }
    }

    private static func provider(named name: String) -> Provider {
        Provider(counts: ModelCounts(provider: name, categories: categories))
    }

    private static func tokens(_ count: Int?) -> UInt64 { UInt64(max(0, count ?? 0)) }
}
