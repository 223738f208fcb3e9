import ConveyEngine
import ConveyHTTP
import EffectHandlers
import Glibc

/// Everything that `convey serve` can be told, read and checked.
struct ServeSettings: Sendable {
    let broker: BrokerSettings
    /// How long the broker keeps the ingress session of a Convey that is away.
    let sessionExpiry: Duration
    /// Whether to start a mosquitto of its own.
    let embeddedBroker: Bool
    /// Where receipts and answers to queries may go.
    let responseTopics: [String]
    let node: String
    let dataDirectory: String
    /// Nil when nothing is to be served.
    let httpAddress: HTTPAddress?
    /// Nil when nothing is to be served.
    let httpAccess: AccessPolicy?
    /// The certificate that HTTP is served with; nil for none.
    let httpTLS: FileValue<TLSIdentity>?
    /// Nil for the service's own choice.
    let httpConnectionsPerAddress: Int?
    let httpAnswerBytes: Int

    let ingressBatchLimit: Int
    let ingressMaxPayloadBytes: Int
    let journalPartitions: Int

    let schedulerOrder: SchedulerOrderSetting
    let schedulerFairnessThreshold: Int
    let schedulerCauseTimeout: Duration
    let schedulerParkedLimit: Int
    let queueLimit: Int
    let outboxWindow: Int
    let outboxLimit: Int

    let effects: EffectSettings
    let effectsOpenLimit: Int
    let models: ModelSettings
    let tools: ToolDeclarations

    let logLevel: LogLevelSetting
    let logFormat: LogFormat
    let shutdownTimeout: Duration
    let verifyBackground: Bool

    /// Every setting's text and origin, for `--print-config`.
    let inForce: [SettingsResolver.InForce]
    /// What is allowed and still worth a word at the start.
    let warnings: [String]

    /// Reads all settings. Throws every problem at once.
    init(_ sources: SettingSources) throws(SettingProblems) {
        var resolver = SettingsResolver(sources)
        node = resolver.value(Settings.nodeName, or: HostName.current)
        broker = BrokerSettings(&resolver, clientIDDefault: "convey-\(node)")
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

/// The name of the machine.
enum HostName {
    /// The host's name up to its first dot, without what a topic level may not have; `node` when it has none.
    static var current: String {
        var buffer = [UInt8](repeating: 0, count: 256)
        let isKnown = buffer.withUnsafeMutableBytes { bytes in
            bytes.withMemoryRebound(to: CChar.self) { chars in
                chars.baseAddress.map { gethostname($0, chars.count) == 0 } ?? false
            }
        }
        guard isKnown else { return "node" }
        let name = String(decoding: buffer.prefix { $0 != 0 && $0 != UInt8(ascii: ".") }, as: UTF8.self)
        let allowed = name.filter { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_") }
        return allowed.isEmpty ? "node" : String(allowed.prefix(48))
    }
}
