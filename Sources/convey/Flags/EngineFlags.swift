import ArgumentParser
import ConveySettings

struct EngineFlags: SettingFlags {
    @Option(name: Settings.ingressBatchLimit.name, help: Settings.ingressBatchLimit.argumentHelp)
    var ingressBatchLimit: String?
    @Option(name: Settings.ingressMaxPayloadBytes.name, help: Settings.ingressMaxPayloadBytes.argumentHelp)
    var ingressMaxPayloadBytes: String?
    @Option(name: Settings.journalURL.name, help: Settings.journalURL.argumentHelp)
    var journalURL: String?
    @Option(name: Settings.journalPartitions.name, help: Settings.journalPartitions.argumentHelp)
    var journalPartitions: String?
    @Option(name: Settings.journalShards.name, help: Settings.journalShards.argumentHelp)
    var journalShards: String?
    @Option(name: Settings.schedulerOrder.name, help: Settings.schedulerOrder.argumentHelp)
    var schedulerOrder: String?
    @Option(name: Settings.schedulerFairnessThreshold.name, help: Settings.schedulerFairnessThreshold.argumentHelp)
    var schedulerFairnessThreshold: String?
    @Option(name: Settings.schedulerCauseTimeout.name, help: Settings.schedulerCauseTimeout.argumentHelp)
    var schedulerCauseTimeout: String?
    @Option(name: Settings.schedulerParkedLimit.name, help: Settings.schedulerParkedLimit.argumentHelp)
    var schedulerParkedLimit: String?
    @Option(name: Settings.queueLimit.name, help: Settings.queueLimit.argumentHelp)
    var queueLimit: String?
    @Option(name: Settings.outboxWindow.name, help: Settings.outboxWindow.argumentHelp)
    var outboxWindow: String?
    @Option(name: Settings.outboxLimit.name, help: Settings.outboxLimit.argumentHelp)
    var outboxLimit: String?

    var texts: [(key: SettingKey, text: String?)] {
        [
            (Settings.ingressBatchLimit.key, ingressBatchLimit),
            (Settings.ingressMaxPayloadBytes.key, ingressMaxPayloadBytes),
            (Settings.journalURL.key, journalURL),
            (Settings.journalPartitions.key, journalPartitions), (Settings.journalShards.key, journalShards),
            (Settings.schedulerOrder.key, schedulerOrder),
            (Settings.schedulerFairnessThreshold.key, schedulerFairnessThreshold),
            (Settings.schedulerCauseTimeout.key, schedulerCauseTimeout),
            (Settings.schedulerParkedLimit.key, schedulerParkedLimit), (Settings.queueLimit.key, queueLimit),
            (Settings.outboxWindow.key, outboxWindow), (Settings.outboxLimit.key, outboxLimit),
        ]
    }
}
