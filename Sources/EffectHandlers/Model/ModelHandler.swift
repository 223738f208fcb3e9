import ChatCompletions
import Conversation
import EffectPort
import JournalPort
import JournalReading
import Logging
import Observability
import Synchronization

/// Runs generations with the built-in echo or with any OpenAI-compatible provider. The messages of a request come from the
/// conversation's records, everything else from the settings and the conversation's own configuration.
///
/// Call `shutDown` after the effects have stopped and before the last reference is released.
public final class ModelHandler: EffectHandler {
    private let settings: ModelSettings
    private let tools: [ChatTool]
    private let contexts: ContextStore
    /// Nil if no provider is configured, because a client has threads.
    private let client: ChatClient?
    private let reporter: ModelReporter
    private let refusals = Mutex(ProviderRefusals())

    /// - Parameters:
    ///   - tools: the tools that models may call, unless a conversation selects some of them.
    ///   - contexts: the messages of requests.
    ///   - logger: is told of failures and fallbacks, at `warning`.
    public init(settings: ModelSettings, tools: [ChatTool] = [], contexts: ContextStore, logger: Logger) {
        self.settings = settings
        self.tools = tools
        self.contexts = contexts
        reporter = ModelReporter(providers: settings.providers.map(\.name), logger: logger)
        client = settings.providers.isEmpty ? nil : ChatClient(configuration: settings.client)
    }

    /// What the providers have done.
    public var counts: [ModelCounts] { reporter.counts }

    /// Ends running requests and closes all connections.
    public func shutDown() async { await client?.shutDown() }

    public func run(
        _ attempt: EffectAttempt, emit: @escaping @Sendable (EffectDelta) async throws -> Void
    ) async throws -> EffectResult {
        do {
            let result = try await answer(attempt, emit: emit)
            refusals.withLock { $0.forget(effect: attempt.idempotencyKey) }
            return result
        } catch let failure as ChatFailure {
            // Cancellation takes precedence over a failure at the same time.
            try Task.checkCancellation()
            if !failure.isRetriable { refusals.withLock { $0.forget(effect: attempt.idempotencyKey) } }
            throw EffectFailure(failure)
        } catch let failure as EffectFailure {
            // A configuration that cannot be read names no provider.
            let overrides = try? ModelOverrides(attempt.configuration)
            reporter.report(notAsked: overrides?.provider ?? settings.provider, failure, of: attempt.effect)
            throw failure
        }
    }

    /// - Throws: `EffectFailure` if no provider was asked, `ChatFailure` if one was and failed, which has been reported.
    private func answer(
        _ attempt: EffectAttempt, emit: @escaping @Sendable (EffectDelta) async throws -> Void
    ) async throws -> EffectResult {
        let overrides = try ModelOverrides(attempt.configuration)
        let tools = try tools(overrides.tools)
        let provider = overrides.provider ?? settings.provider
        guard provider != ModelSettings.echo else {
            if Self.isEmpty(attempt) { throw Self.emptyMessage }
            return try await settings.echoHandler.run(attempt, emit: emit)
        }
        var chain = try chain(overrides)
        chain.known = refusals.withLock { $0.of(effect: attempt.idempotencyKey) }
        guard let client else { throw unknownProvider(provider) }
        let request = try await request(attempt, overrides, tools)
        let timeouts = ChatTimeouts(
            total: attempt.limits.timeout, firstToken: settings.firstTokenTimeout, idle: attempt.limits.idleTimeout)
        let outcome = try await client.run(request, chain: chain, timeouts: timeouts) { report in
            reporter.report(report, of: attempt.effect)
            guard chain.providers.count > 1, case .failed(let failure, _) = report.end else { return }
            refusals.withLock { $0.note(failure, of: report.provider, effect: attempt.idempotencyKey) }
        } emit: { delta in
            try await emit(EffectDelta(delta))
        }
        return EffectResult(outcome)
    }

    // MARK: Providers

    /// If a conversation names its provider, there is no fallback: its owner may restrict who sees it (ADR 16).
    private func chain(_ overrides: ModelOverrides) throws -> ChatProviderChain {
        var providers = [try provider(named: overrides.provider ?? settings.provider)]
        if overrides.provider == nil {
            for name in settings.fallback where name != settings.provider {
                providers.append(try provider(named: name))
            }
        }
        do {
            if let model = overrides.model { providers[0] = try providers[0].asking(model: model) }
            return try ChatProviderChain(providers)
        } catch { throw EffectFailure(error) }
    }

    private func provider(named name: String) throws(EffectFailure) -> ChatProvider {
        guard let provider = settings.providers.first(where: { $0.name == name }) else { throw unknownProvider(name) }
        return provider
    }

    private func unknownProvider(_ name: String) -> EffectFailure {
        let known = ([ModelSettings.echo] + settings.providers.map(\.name)).joined(separator: ", ")
        return EffectFailure(
            .config, "unknown model provider \(Self.quoted(name)); llm.provider must be one of \(known)")
    }

    // MARK: Requests

    private func request(
        _ attempt: EffectAttempt, _ overrides: ModelOverrides, _ tools: [ChatTool]
    ) async throws -> ChatRequest {
        let limit = min(overrides.maxMessages ?? settings.maxMessages, ModelSettings.messageLimit)
        let context = try await context(attempt, messages: limit)
        let told = RequestMessages(
            context.request(
                systemPrompt: overrides.systemPrompt ?? settings.systemPrompt,
                tokenBudget: overrides.tokenBudget ?? settings.tokenBudget ?? ModelSettings.standardTokenBudget,
                last: limit))
        if !told.hasQuestion, Self.isEmpty(attempt) { throw Self.emptyMessage }
        guard told.messages.contains(where: { $0.role != .system }) else {
            throw EffectFailure(.unknown, "the journal has no message of this conversation to answer")
        }
        var request = ChatRequest(messages: told.messages)
        request.tools = tools
        request.temperature = overrides.temperature ?? settings.temperature
        request.maxTokens = overrides.maxTokens ?? settings.maxTokens
        request.stream = settings.streams
        request.idempotencyKey = attempt.idempotencyKey
        return request
    }

    /// Whether the attempt answers a message without text.
    private static func isEmpty(_ attempt: EffectAttempt) -> Bool {
        attempt.toolRound == 0 && UserText.isEmpty(attempt.input)
    }

    private static let emptyMessage = EffectFailure(
        .config, "the message has no text to answer; its data needs a member content (or text) that is not blank",
        code: "empty_message")

    private func context(_ attempt: EffectAttempt, messages: Int) async throws -> LLMContextProjection {
        do {
            return try await contexts.context(
                of: attempt.effect.conversation, subject: attempt.effect.subject, through: attempt.contextThrough,
                messages: messages)
        } catch let error as JournalError {
            throw EffectFailure(
                error.isRetriable ? .transport : .unknown, "the conversation cannot be read from the journal: \(error)")
        }
    }

    private func tools(_ names: [String]?) throws(EffectFailure) -> [ChatTool] {
        guard let names else { return tools }
        for name in names where !tools.contains(where: { $0.name == name }) {
            let known = tools.isEmpty ? "there are none" : "there are " + tools.map(\.name).joined(separator: ", ")
            throw EffectFailure(
                .config, "conversation.configured: llm.tools names the tool \(Self.quoted(name)); \(known)")
        }
        return tools.filter { names.contains($0.name) }
    }

    /// A name from outside, safe to show in messages.
    private static func quoted(_ name: String) -> String {
        let shown = String(
            name.unicodeScalars.filter { $0.value >= 0x20 && $0.value != 0x7f }.prefix(64).map(Character.init))
        return "\"\(shown)\""
    }
}
