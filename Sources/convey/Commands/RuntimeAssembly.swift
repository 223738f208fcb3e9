import Conversation
import ConveyRuntime
import EffectHandlers
import Logging
import MQTTTransport
import SQLiteJournal

/// Builds the engine from the settings: journal, ingress, partitions, effects, outbox. The one place that knows them all.
///
/// - Parameter models: from `makeModelHandler`; whoever calls this shuts it down after the runtime has stopped.
func makeRuntime(_ settings: ServeSettings, models: ModelHandler) throws -> Runtime {
    let session = BrokerSession(
        broker: settings.broker.address, version: settings.broker.version.mqttVersion,
        clientID: settings.broker.clientID ?? "convey-\(settings.node)",
        sessionExpirySeconds: UInt32(clamping: settings.sessionExpiry.components.seconds),
        root: settings.broker.root, node: settings.node)
    var runtime = RuntimeSettings(session: session, version: Convey.version)
    runtime.engine.schedulerOrder = settings.schedulerOrder.order
    runtime.engine.fairnessThreshold = settings.schedulerFairnessThreshold
    runtime.engine.causeTimeoutMilliseconds = settings.schedulerCauseTimeout.milliseconds
    runtime.engine.parkedLimit = settings.schedulerParkedLimit
    runtime.engine.effects = settings.effects
    runtime.ingressBatchLimit = settings.ingressBatchLimit
    runtime.maximumPayloadBytes = settings.ingressMaxPayloadBytes
    runtime.outboxWindow = settings.outboxWindow
    runtime.outboxLimit = Int64(settings.outboxLimit)
    runtime.queueLimit = settings.queueLimit
    runtime.openEffectLimit = settings.effectsOpenLimit
    let directory = settings.dataDirectory
    let partitions = settings.journalPartitions
    return try Runtime(
        settings: runtime, handlers: [.llm: models], logger: Logger(label: "runtime")
    ) { () throws(JournalError) in
        try SQLiteJournal(directory: directory, partitionCount: partitions)
    }
}

/// Who answers. It reads conversations from the journal over a connection of its own.
func makeModelHandler(_ settings: ServeSettings) -> ModelHandler {
    let directory = settings.dataDirectory
    return ModelHandler(
        settings: settings.models,
        contexts: ContextStore { () throws(JournalError) in try SQLiteJournal.openReader(directory: directory) })
}

extension SchedulerOrderSetting {
    fileprivate var order: Scheduler.Order {
        switch self {
        case .roundRobin: .roundRobin
        case .arrival: .arrival
        }
    }
}

extension Duration {
    fileprivate var milliseconds: Int64 { components.seconds * 1_000 + components.attoseconds / 1_000_000_000_000_000 }
}
