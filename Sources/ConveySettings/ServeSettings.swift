import Conversation
import EffectPort
import EffectHandlers
import Glibc
import HTTPServing
import Logging

/// All settings of `convey serve`, read and checked.
package struct ServeSettings: Sendable {
    package let broker: BrokerSettings
    /// How long the broker keeps the ingress session while Convey is disconnected.
    package let sessionExpiry: Duration
    /// Whether to start an embedded mosquitto.
    package let embeddedBroker: Bool
    /// Response topics allowed for receipts and answers to queries.
    package let responseTopics: [String]
    package let node: String
    package let dataDirectory: String
    /// Nil when HTTP is off.
    package let httpAddress: HTTPAddress?
    /// Nil when HTTP is off.
    package let httpAccess: AccessPolicy?
    /// The certificate that HTTP is served with; nil for none.
    package let httpTLS: FileValue<TLSIdentity>?
    /// Nil for the service's own choice.
    package let httpConnectionsPerAddress: Int?
    package let httpAnswerBytes: Int

    package let ingressBatchLimit: Int
    package let ingressMaxPayloadBytes: Int
    /// The PostgreSQL database of the journal; nil for files in the data directory.
    package let journalURL: String?
    package let journalPartitions: Int
    /// At most as many as there are partitions.
    package let journalShards: Int

    package let schedulerOrder: Scheduler.Order
    package let schedulerFairnessThreshold: Int
    package let schedulerCauseTimeout: Duration
    package let schedulerParkedLimit: Int
    package let queueLimit: Int
    package let outboxWindow: Int
    package let outboxLimit: Int

    package let effects: EffectSettings
    package let effectsOpenLimit: Int
    package let models: ModelSettings
    package let tools: ToolDeclarations

    package let logLevel: Logger.Level
    package let logFormat: LogFormat
    package let shutdownTimeout: Duration
    package let verifyBackground: Bool

    /// Every setting's text and origin, for `--print-config`.
    package let inForce: [SettingsResolver.InForce]
    /// Warnings about allowed values, logged at the start.
    package let warnings: [String]

    /// Whether a setting was given; otherwise its default is in force.
    package func isGiven(_ key: SettingKey) -> Bool {
        inForce.contains { $0.key == key && $0.origin != .standard }
    }

    /// Reads all settings. Throws every problem at once.
    package init(_ sources: SettingSources) throws(SettingProblems) {
        var resolver = SettingsResolver(sources)
        node = resolver.value(Settings.nodeName, or: HostName.current)
        journalURL = resolver.value(Settings.journalURL) ?? nil
        // Nodes that share a journal take turns with one session at the broker.
        broker = BrokerSettings(&resolver, clientIDDefault: journalURL == nil ? "convey-\(node)" : "convey-cluster")
        responseTopics = resolver.value(Settings.mqttResponseTopics) ?? broker.responseTopicsDefault
        sessionExpiry = resolver.value(Settings.brokerSessionExpiry)
        embeddedBroker = resolver.value(Settings.brokerEmbedded)
        dataDirectory = resolver.value(Settings.dataDirectory)
        httpAddress = resolver.value(Settings.httpAddress)
        httpTLS = ServiceCertificate.read(&resolver)
        httpAccess = AccessPolicy(&resolver, address: httpAddress, isEncrypted: httpTLS != nil)
        httpConnectionsPerAddress = resolver.value(Settings.httpConnectionsPerAddress) ?? nil
        httpAnswerBytes = resolver.value(Settings.httpAnswerBytes)

        ingressBatchLimit = resolver.value(Settings.ingressBatchLimit)
        ingressMaxPayloadBytes = resolver.value(Settings.ingressMaxPayloadBytes)
        journalPartitions = resolver.value(Settings.journalPartitions)
        journalShards = resolver.value(Settings.journalShards)
        if journalShards > journalPartitions {
            resolver.report(
                Settings.journalShards.key,
                "\(journalShards) is more than journal.partitions (\(journalPartitions)): every shard needs a partition"
            )
        }

        schedulerOrder = resolver.value(Settings.schedulerOrder)
        schedulerFairnessThreshold = resolver.value(Settings.schedulerFairnessThreshold)
        schedulerCauseTimeout = resolver.value(Settings.schedulerCauseTimeout)
        schedulerParkedLimit = resolver.value(Settings.schedulerParkedLimit)
        queueLimit = resolver.value(Settings.queueLimit)
        outboxWindow = resolver.value(Settings.outboxWindow)
        outboxLimit = resolver.value(Settings.outboxLimit)

        tools = resolver.value(Settings.tools) ?? .none
        effects = EffectSettings(&resolver, tools)
        effectsOpenLimit = resolver.value(Settings.effectsOpenLimit)
        models = ModelSettings(&resolver)

        logLevel = resolver.value(Settings.logLevel)
        logFormat = resolver.value(Settings.logFormat)
        shutdownTimeout = resolver.value(Settings.shutdownTimeout)
        verifyBackground = resolver.value(Settings.verifyBackground)

        if embeddedBroker, broker.address.tls != nil || !broker.address.isLoopback {
            resolver.report(
                Settings.brokerURL.key, "the embedded broker is at mqtt://127.0.0.1:PORT; choose only the port")
        }
        inForce = resolver.inForce
        warnings = resolver.warnings
        try resolver.throwProblems()
    }
}
