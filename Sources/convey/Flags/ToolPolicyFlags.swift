import ArgumentParser
import ConveySettings

struct ToolPolicyFlags: SettingFlags {
    @Option(name: Settings.toolPolicy.maxAttempts.name, help: Settings.toolPolicy.maxAttempts.argumentHelp)
    var maxAttempts: String?
    @Option(name: Settings.toolPolicy.backoff.name, help: Settings.toolPolicy.backoff.argumentHelp)
    var backoff: String?
    @Option(name: Settings.toolPolicy.backoffLimit.name, help: Settings.toolPolicy.backoffLimit.argumentHelp)
    var backoffLimit: String?
    @Option(name: Settings.toolPolicy.timeout.name, help: Settings.toolPolicy.timeout.argumentHelp)
    var timeout: String?
    @Option(name: Settings.toolPolicy.idleTimeout.name, help: Settings.toolPolicy.idleTimeout.argumentHelp)
    var idleTimeout: String?
    @Option(name: Settings.toolPolicy.maxConcurrent.name, help: Settings.toolPolicy.maxConcurrent.argumentHelp)
    var maxConcurrent: String?
    @Option(name: Settings.toolPolicy.queueLimit.name, help: Settings.toolPolicy.queueLimit.argumentHelp)
    var queueLimit: String?
    @Option(name: Settings.toolPolicy.afterRestart.name, help: Settings.toolPolicy.afterRestart.argumentHelp)
    var afterRestart: String?
    @Option(name: Settings.toolPolicy.unavailableFor.name, help: Settings.toolPolicy.unavailableFor.argumentHelp)
    var unavailableFor: String?
    @Option(name: Settings.tools.name, help: Settings.tools.argumentHelp)
    var tools: String?
    @Option(
        name: Settings.effectsToolApprovalTimeout.name, help: Settings.effectsToolApprovalTimeout.argumentHelp)
    var approvalTimeout: String?
    @Option(name: Settings.effectsTimerLimit.name, help: Settings.effectsTimerLimit.argumentHelp)
    var timerLimit: String?
    @Option(name: Settings.effectsBoundsMaxAttempts.name, help: Settings.effectsBoundsMaxAttempts.argumentHelp)
    var boundsMaxAttempts: String?
    @Option(name: Settings.effectsBoundsBackoff.name, help: Settings.effectsBoundsBackoff.argumentHelp)
    var boundsBackoff: String?
    @Option(name: Settings.effectsBoundsTimeout.name, help: Settings.effectsBoundsTimeout.argumentHelp)
    var boundsTimeout: String?

    var texts: [(key: SettingKey, text: String?)] {
        Array(
            zip(
                Settings.toolPolicy.keys + [
                    Settings.tools.key, Settings.effectsToolApprovalTimeout.key, Settings.effectsTimerLimit.key,
                    Settings.effectsBoundsMaxAttempts.key,
                    Settings.effectsBoundsBackoff.key, Settings.effectsBoundsTimeout.key,
                ],
                [
                    maxAttempts, backoff, backoffLimit, timeout, idleTimeout, maxConcurrent, queueLimit, afterRestart,
                    unavailableFor,
                    tools, approvalTimeout, timerLimit, boundsMaxAttempts, boundsBackoff, boundsTimeout,
                ])
        ).map { (key: $0.0, text: $0.1) }
    }
}
