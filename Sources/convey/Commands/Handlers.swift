import ChatCompletions
import Conversation
import ConveyRuntime
import EffectPort
import ConveySettings
import EffectHandlers
import JournalPort
import JournalReading
import Logging
import Observability
import Threads

/// The handlers of effects.
struct Handlers: Sendable {
    private let models: ModelHandler
    private let tools: ToolHandler

    /// The model handler reads conversations from the journals over connections of its own.
    init(
        _ settings: ServeSettings, session: BrokerSession, store: any JournalStore, heartbeats: Heartbeats
    ) {
        models = ModelHandler(
            settings: settings.models, tools: settings.tools.tools.map(ChatTool.init),
            contexts: ContextStore(heartbeats: heartbeats, readers: ShardReaders(store)),
            logger: Logger(label: "models"))
        tools = ToolHandler(
            settings.tools, session: session, logger: Logger(label: "tools"), heartbeats: heartbeats)
    }

    var byClass: [EffectClass: any EffectHandler] { [.llm: models, .tool: tools] }

    /// The statistics of models and tools.
    var metrics: MetricsSnapshot {
        var metrics = MetricsSnapshot()
        metrics.models = models.counts
        metrics.tools = tools.counts
        return metrics
    }

    /// Sets who is told that a tool's worker is there.
    func observe(presence body: @escaping @Sendable (_ tool: String) -> Void) { tools.observe(presence: body) }

    /// - Throws: `EffectFailure` when a file that a tool's declaration names cannot be read.
    func start() throws { try tools.start() }

    /// Closes all connections. To be called after the runtime has stopped.
    func shutDown() async {
        await models.shutDown()
        await tools.shutDown()
    }
}
