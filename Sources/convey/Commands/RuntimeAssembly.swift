import AnswerMemory
import ConveyQueries
import ConveyRuntime
import ConveySettings
import EffectHandlers
import Foundation
import JournalPort
import JournalReading
import Logging
import Observability
import Threads

/// Broker settings shared by all connections of the service.
func makeSession(_ settings: ServeSettings, gate: ConnectionGate) -> BrokerSession {
    var session = BrokerSession(
        broker: settings.broker.address, version: settings.broker.version,
        clientID: settings.broker.clientID ?? "convey-\(settings.node)",
        sessionExpirySeconds: UInt32(clamping: settings.sessionExpiry.components.seconds),
        root: settings.broker.root, node: settings.node)
    session.gate = gate
    return session
}

/// Answers queries from the journals, beside the runtime, after the runtime has opened them.
func makeQueries(
    _ settings: ServeSettings, store: any JournalStore, heartbeats: Heartbeats,
    status: @escaping @Sendable () -> RuntimeStatus
) -> QueryService {
    let budget = AnswerBudget(bytes: settings.httpAnswerBytes)
    let readers = ShardReaders { () throws(JournalError) in
        let status = status()
        guard status.recovery == .done || status.isStandby else {
            throw JournalError(.busy, "the journal is not open yet")
        }
        return try store.layout()
    } open: { shard throws(JournalError) in
        try store.openReader(shard: shard)
    }
    return QueryService(budget: budget, logger: Logger(label: "queries"), heartbeats: heartbeats, readers: readers)
}

/// Builds the runtime from the settings: journal, ingress, partitions, effects, outbox. Only this function knows all of
/// them.
func makeRuntime(
    _ settings: ServeSettings, session: BrokerSession, store: any JournalStore, handlers: Handlers,
    heartbeats: Heartbeats
) throws -> Runtime {
    var runtime = RuntimeSettings(session: session, version: Convey.version)
    runtime.engine.schedulerOrder = settings.schedulerOrder
    runtime.engine.fairnessThreshold = settings.schedulerFairnessThreshold
    runtime.engine.causeTimeoutMilliseconds = settings.schedulerCauseTimeout.milliseconds
    runtime.engine.parkedLimit = settings.schedulerParkedLimit
    runtime.engine.effects = settings.effects
    runtime.ingressBatchLimit = settings.ingressBatchLimit
    runtime.ingressReadsAhead = ProcessInfo.processInfo.activeProcessorCount > 2
    runtime.maximumPayloadBytes = settings.ingressMaxPayloadBytes
    runtime.outboxWindow = settings.outboxWindow
    runtime.outboxLimit = Int64(settings.outboxLimit)
    runtime.queueLimit = settings.queueLimit
    runtime.openEffectLimit = settings.effectsOpenLimit
    runtime.responseTopics = ResponseTopicRule(root: settings.broker.root, patterns: settings.responseTopics)
    return try Runtime(
        settings: runtime, store: store, handlers: handlers.byClass, logger: Logger(label: "runtime"),
        heartbeats: heartbeats, verifiesInBackground: settings.verifyBackground)
}
