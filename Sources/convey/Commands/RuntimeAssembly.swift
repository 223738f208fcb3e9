import Conversation
import ConveyRuntime
import EffectHandlers
import Logging
import MQTTTransport
import SQLiteJournal

/// What every connection of the service needs to know of the broker.
func makeSession(_ settings: ServeSettings) -> BrokerSession {
    BrokerSession(
        broker: settings.broker.address, version: settings.broker.version.mqttVersion,
        clientID: settings.broker.clientID ?? "convey-\(settings.node)",
        sessionExpirySeconds: UInt32(clamping: settings.sessionExpiry.components.seconds),
        root: settings.broker.root, node: settings.node)
}

/// Answers queries from the journal, beside the runtime.
func makeQueries(_ settings: ServeSettings) -> QueryService {
    let directory = settings.dataDirectory
    return QueryService(logger: Logger(label: "queries")) { () throws(JournalError) in
        try SQLiteJournal.openReader(directory: directory)
    }
}

/// Builds the engine from the settings: journal, ingress, partitions, effects, outbox. The one place that knows them all.
func makeRuntime(_ settings: ServeSettings) throws -> Runtime {
    let session = makeSession(settings)
    var runtime = RuntimeSettings(session: session, version: Convey.version)
    runtime.engine.schedulerOrder = settings.schedulerOrder.order
    runtime.engine.fairnessThreshold = settings.schedulerFairnessThreshold
    runtime.engine.causeTimeoutMilliseconds = settings.schedulerCauseTimeout.milliseconds
    runtime.engine.parkedLimit = settings.schedulerParkedLimit
    runtime.engine.effectConcurrency = settings.effectsMaxConcurrent
    runtime.ingressBatchLimit = settings.ingressBatchLimit
    runtime.maximumPayloadBytes = settings.ingressMaxPayloadBytes
    runtime.outboxWindow = settings.outboxWindow
    runtime.outboxLimit = Int64(settings.outboxLimit)
    runtime.queueLimit = settings.queueLimit
    runtime.openEffectLimit = settings.effectsOpenLimit
    let directory = settings.dataDirectory
    let partitions = settings.journalPartitions
    let openVerification: @Sendable () throws(JournalError) -> any VerifiableJournal & Sendable = {
        () throws(JournalError) in try SQLiteJournal.openVerificationReader(directory: directory)
    }
    return try Runtime(
        settings: runtime, handlers: [.llm: llmHandler(settings)], logger: Logger(label: "runtime"),
        openVerification: settings.verifyBackground ? openVerification : nil
    ) { () throws(JournalError) in
        try SQLiteJournal(directory: directory, partitionCount: partitions)
    }
}

private func llmHandler(_ settings: ServeSettings) -> any EffectHandler {
    switch settings.llmProvider {
    case .echo: EchoHandler(delay: settings.llmEchoDelay, chunkWords: settings.llmEchoChunkWords)
    }
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
