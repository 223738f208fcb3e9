import ArgumentParser
import ConveySettings

/// The flags of one class of effects.
struct LLMPolicyFlags: SettingFlags {
    @Option(name: Settings.llmPolicy.maxAttempts.name, help: Settings.llmPolicy.maxAttempts.argumentHelp)
    var maxAttempts: String?
    @Option(name: Settings.llmPolicy.backoff.name, help: Settings.llmPolicy.backoff.argumentHelp)
    var backoff: String?
    @Option(name: Settings.llmPolicy.backoffLimit.name, help: Settings.llmPolicy.backoffLimit.argumentHelp)
    var backoffLimit: String?
    @Option(name: Settings.llmPolicy.timeout.name, help: Settings.llmPolicy.timeout.argumentHelp)
    var timeout: String?
    @Option(name: Settings.llmPolicy.idleTimeout.name, help: Settings.llmPolicy.idleTimeout.argumentHelp)
    var idleTimeout: String?
    @Option(name: Settings.llmPolicy.maxConcurrent.name, help: Settings.llmPolicy.maxConcurrent.argumentHelp)
    var maxConcurrent: String?
    @Option(name: Settings.llmPolicy.queueLimit.name, help: Settings.llmPolicy.queueLimit.argumentHelp)
    var queueLimit: String?
    @Option(name: Settings.llmPolicy.afterRestart.name, help: Settings.llmPolicy.afterRestart.argumentHelp)
    var afterRestart: String?
    @Option(name: Settings.llmPolicy.unavailableFor.name, help: Settings.llmPolicy.unavailableFor.argumentHelp)
    var unavailableFor: String?
    @Option(name: Settings.llmDoubleTexting.name, help: Settings.llmDoubleTexting.argumentHelp)
    var doubleTexting: String?
    @Option(name: Settings.llmMergeWindow.name, help: Settings.llmMergeWindow.argumentHelp)
    var mergeWindow: String?
    @Option(name: Settings.llmMaxToolRounds.name, help: Settings.llmMaxToolRounds.argumentHelp)
    var maxToolRounds: String?

    var texts: [(key: SettingKey, text: String?)] {
        Array(
            zip(
                Settings.llmPolicy.keys + [
                    Settings.llmDoubleTexting.key, Settings.llmMergeWindow.key, Settings.llmMaxToolRounds.key,
                ],
                [
                    maxAttempts, backoff, backoffLimit, timeout, idleTimeout, maxConcurrent, queueLimit, afterRestart,
                    unavailableFor,
                    doubleTexting, mergeWindow, maxToolRounds,
                ])
        ).map { (key: $0.0, text: $0.1) }
    }
}
