import EffectPort
import JournalPort
import Logging
import Observability
import Synchronization
import Threads

/// Counts what tools do, and logs failed calls: of each tool ten lines a minute at most. Lines hold neither secrets nor text of
/// conversations.
final class ToolReporter: Sendable {
    /// Stands for all tools that the settings do not know: models may name any.
    static let other = "other"
    /// A canceled attempt has not failed.
    private static let categories = EffectFailure.Category.allCases.filter { $0 != .canceled }.map(\.rawValue)

    private struct Tool {
        var counts: ToolCounts
        var log = LogQuota()
    }

    private let logger: Logger
    private let now: @Sendable () -> Int64
    private let known: Set<String>
    private let tools: Mutex<[String: Tool]>

    /// - Parameters:
    ///   - tools: the names in the settings.
    ///   - now: microseconds of a clock that does not run backwards.
    init(
        tools: [String], logger: Logger, now: @escaping @Sendable () -> Int64 = { Clocks.monotonicMicroseconds() }
    ) {
        self.logger = logger
        self.now = now
        known = Set(tools)
        self.tools = Mutex(Dictionary(uniqueKeysWithValues: Set(tools).map { ($0, Self.tool(named: $0)) }))
    }

    var counts: [ToolCounts] { tools.withLock { $0.values.map(\.counts) } }

    func completed(_ tool: String) { change(tool) { $0.counts.completed += 1 } }

    func canceled(_ tool: String) { change(tool) { $0.counts.canceled += 1 } }

    func failed(_ tool: String, _ failure: ToolFailure, of effect: OpenEffect) {
        guard failure.effect.category != .canceled else { return canceled(tool) }
        let category = failure.effect.category.rawValue
        let isLogged = change(tool) { tool in
            tool.counts.failures[category, default: 0] += 1
            return tool.log.allows(now: now())
        }
        guard isLogged else { return }
        var metadata: Logger.Metadata = [
            "tool": "\(name(of: tool))", "category": "\(category)", "reason": "\(failure.reason)",
            "attempt": .stringConvertible(effect.attempt), "effect": "\(effect.effectID)",
            "subject": "\(effect.subject)",
        ]
        if let status = failure.status { metadata["status"] = .stringConvertible(status) }
        logger.warning("a tool failed", metadata: metadata)
    }

    private func name(of tool: String) -> String { known.contains(tool) ? tool : Self.other }

    private func change<Value: Sendable>(_ name: String, _ body: (inout Tool) -> Value) -> Value {
        let name = self.name(of: name)
        return tools.withLock { body(&$0[name, default: Self.tool(named: name)]) }
    }

    private static func tool(named name: String) -> Tool {
        Tool(counts: ToolCounts(tool: name, categories: categories))
    }
}
