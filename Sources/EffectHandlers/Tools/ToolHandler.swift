import Conversation
import EffectPort
import ConveyRuntime
import Logging
import Observability
import Signals
import Threads

/// Runs tool effects: finds the tool that a model called, checks the arguments against its schema, and forwards the call to a
/// worker over MQTT or a server over HTTP.
///
/// Errors of the call itself (no such tool, arguments that do not match) are a failure of category `config` with a
/// message that a model can act on; nothing is sent then.
public final class ToolHandler: EffectHandler {
    /// Maximum names that a message lists.
    private static let shownNames = 50

    public let tools: ToolDeclarations
    private let limits: ToolLimits
    private let mqtt: MQTTToolTransport?
    private let http: HTTPToolTransport?
    private let reporter: ToolReporter
    private let presence: ToolPresence

    /// A handler that is not connected yet.
    ///
    /// - Parameters:
    ///   - session: the broker, protocol version, root and client id; the connection's is `{client id}-tools`.
    ///   - limits: see `ToolLimits`.
    ///   - logger: is told of the connection, and of failed calls at `warning`.
    ///   - heartbeats: where the connection's thread shows that it runs.
    public init(
        _ tools: ToolDeclarations, session: BrokerSession, limits: ToolLimits = ToolLimits(), logger: Logger,
        heartbeats: Heartbeats = Heartbeats()
    ) {
        self.tools = tools
        self.limits = limits
        var (usesMQTT, usesHTTP) = (false, false)
        for tool in tools.tools {
            switch tool.transport {
            case .mqtt: usesMQTT = true
            case .http: usesHTTP = true
            }
        }
        let presence = ToolPresence(tools: Set(tools.tools.map(\.name)))
        self.presence = presence
        mqtt =
            usesMQTT
            ? MQTTToolTransport(session: session, limits: limits, logger: logger, heartbeats: heartbeats) {
                presence.isOnline($0)
            } : nil
        http = usesHTTP ? HTTPToolTransport(limits: limits) : nil
        reporter = ToolReporter(tools: tools.tools.map(\.name), logger: logger)
    }

    /// Sets who is told that a tool's worker is there now; of those that came before, too.
    public func observe(presence body: @escaping @Sendable (_ tool: String) -> Void) { presence.observe(body) }

    /// What the tools have done.
    public var counts: [ToolCounts] { reporter.counts }

    /// Starts connecting to the broker, and retries until `shutDown()`.
    ///
    /// - Throws: `EffectFailure` of category `config` when a file of `header_files` cannot be read.
    public func start() throws(EffectFailure) {
        for tool in tools.tools {
            guard case .http(let endpoint) = tool.transport else { continue }
            for header in endpoint.headerFiles { _ = try HTTPToolTransport.value(of: header, tool: tool.name) }
        }
        mqtt?.start()
    }

    /// Ends all calls and closes all connections. To be called when no attempt runs any more; does not wait for an attempt
    /// to connect that is under way.
    public func shutDown() async {
        await mqtt?.shutDown()
        await http?.shutDown()
    }

    public func run(
        _ attempt: EffectAttempt, emit: @escaping @Sendable (EffectDelta) async throws -> Void
    ) async throws -> EffectResult {
        let name = attempt.call?.name ?? ToolReporter.other
        do {
            let result = try await call(attempt, emit: emit)
            reporter.completed(name)
            return result
        } catch {
            guard let failure = (error as? ToolFailure) ?? (error as? EffectFailure).map({ ToolFailure($0) }) else {
                reporter.canceled(name)
                throw error
            }
            if Task.isCancelled { reporter.canceled(name) } else { reporter.failed(name, failure, of: attempt.effect) }
            throw failure.effect
        }
    }

    /// - Throws: `EffectFailure`, `ToolFailure`, `CancellationError`.
    private func call(
        _ attempt: EffectAttempt, emit: @escaping @Sendable (EffectDelta) async throws -> Void
    ) async throws -> EffectResult {
        let request = try request(attempt)
        let transport: (any ToolTransport)? =
            switch request.tool.transport {
            case .mqtt: mqtt
            case .http: http
            }
        guard let transport else { throw EffectFailure(.unknown, "no transport for the tool \(request.tool.name)") }
        try Task.checkCancellation()
        return try await withThrowingTaskGroup(of: String.self) { group in
            defer { group.cancelAll() }
            group.addTask { try await transport.call(request) { try await emit(EffectDelta($0, kind: .message)) } }
            group.addTask {
                try await Task.sleep(until: request.deadline, clock: .continuous)
                throw EffectFailure(.timeout, "the tool \(request.tool.name) did not answer in time; see its timeout")
            }
            guard let content = try await group.next() else { throw CancellationError() }
            return EffectResult(content: content)
        }
    }

    // MARK: The call

    private func request(_ attempt: EffectAttempt) throws(ToolFailure) -> ToolRequest {
        guard let call = attempt.call else {
            throw ToolFailure(EffectFailure(.config, "the effect \(attempt.effect.effectID) does not name a tool"))
        }
        guard let tool = tools[call.name] else { throw unknown(call.name) }
        return ToolRequest(
            tool: tool, callID: call.id, arguments: try arguments(call, tool),
            effectID: attempt.effect.effectID, subject: attempt.effect.subject, attempt: attempt.effect.attempt,
            idempotencyKey: attempt.idempotencyKey, traceparent: attempt.traceparent,
            deadline: .now + attempt.limits.timeout)
    }

    private func unknown(_ name: String) -> ToolFailure {
        let names = tools.tools.map(\.name)
        let known =
            names.isEmpty
            ? "no tools are configured"
            : "the tools are \(names.prefix(Self.shownNames).joined(separator: ", "))\(names.count > Self.shownNames ? ", …" : "")"
        return ToolFailure(
            EffectFailure(.config, "there is no tool named \(ToolContent.clean(name)); \(known)"),
            reason: "a model called a tool that is not configured")
    }

    /// The object that a model wrote. Models leave arguments empty for tools that take none.
    private func arguments(_ call: ToolCall, _ tool: ToolDeclaration) throws(ToolFailure) -> [UInt8] {
        // Journals of earlier versions hold arguments as models wrote them.
        let arguments = ToolArguments(call.arguments)
        if let text = call.unreadableArguments ?? arguments.unreadable { throw Self.unreadable(text, tool) }
        let bytes = Array(arguments.object.utf8)
        guard bytes.count <= limits.callBytes else {
            throw ToolFailure(
                EffectFailure(
                    .config,
                    "the arguments of \(tool.name) have \(bytes.count) bytes; the limit is \(limits.callBytes)"))
        }
        if let problem = tool.problem(withArguments: bytes) {
            throw ToolFailure(EffectFailure(.config, problem), reason: tool.mismatch)
        }
        return bytes
    }

    /// Reports the problem with the text, because the history has `{}` in its place.
    private static func unreadable(_ text: String, _ tool: ToolDeclaration) -> ToolFailure {
        let problem: String
        do throws(JSONError) {
            problem = "must be a JSON object, not \(SchemaCheck.shown(try JSONValue(Array(text.utf8))))"
        } catch {
            problem = "are not JSON: \(error)"
        }
        return ToolFailure(
            EffectFailure(
                .config, "the arguments of \(tool.name) \(problem). Write one JSON object. What was written: \(text)"),
            reason: "the arguments of \(tool.name) are not one JSON object")
    }
}
