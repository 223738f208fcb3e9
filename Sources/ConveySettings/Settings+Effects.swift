import ConveyEngine
import EffectHandlers

extension Settings {
    // MARK: - How effects are tried

    package static let effectPolicies: [SettingKey] =
        llmPolicy.keys + toolPolicy.keys + [
            effectsTimerLimit.key, effectsBoundsMaxAttempts.key, effectsBoundsBackoff.key, effectsBoundsTimeout.key,
        ]

    package static let llmPolicy = PolicySettings(EffectPolicy(), of: "llm", "a generation")
    package static let toolPolicy = PolicySettings(EffectSettings().tool, of: "tool", "a tool call")

    package static let effectsTimerLimit = Setting(
        "effects.timer.limit", in: .effects, "COUNT", default: "1000000",
        help: "Timers that wait at once; a further one fails.", parse: ValueParsers.integer(1...10_000_000))
    package static let effectsBoundsMaxAttempts = Setting(
        "effects.bounds.max_attempts", in: .effects, "COUNT", default: "10",
        help: "The most that a signal's effect_policy.max_attempts may ask for.", parse: ValueParsers.integer(1...100))
    package static let effectsBoundsBackoff = Setting(
        "effects.bounds.backoff", in: .effects, "DURATION", default: "5m",
        help: "The most that effect_policy.backoff_ms may ask for.",
        parse: ValueParsers.duration(.zero...(.seconds(86_400))))
    package static let effectsBoundsTimeout = Setting(
        "effects.bounds.timeout", in: .effects, "DURATION", default: "1h",
        help: "The most that effect_policy.timeout_ms and idle_timeout_ms may ask for.",
        parse: ValueParsers.duration(.milliseconds(1)...(.seconds(86_400))))

    // MARK: - Tools

    package static let tools = Setting(
        "tools", in: .effects, "JSON", isStructured: true,
        help:
            "Tools that models may call, by name, each with description, parameters (a JSON schema), transport (mqtt, or "
            + "http with url), timeout, max_attempts, requires_approval.",
        parse: ValueParsers.tools)

    // MARK: - How answers follow each other

    package static let turns: [SettingKey] = [llmDoubleTexting.key, llmMergeWindow.key, llmMaxToolRounds.key]

    package static let llmDoubleTexting = Setting(
        "llm.double_texting", in: .models, "MODE", default: "queue",
        help:
            "A message that comes during an answer: queue, interrupt, reject or merge. A conversation may have its own.",
        parse: ValueParsers.choice(TurnSettings.DoubleTexting.self))
    package static let llmMergeWindow = Setting(
        "llm.merge_window", in: .models, "DURATION", default: "1500ms",
        help: "With merge: how long a message waits for further ones.",
        parse: ValueParsers.duration(.zero...(.seconds(600))))
    package static let llmMaxToolRounds = Setting(
        "llm.max_tool_rounds", in: .models, "COUNT", default: "8",
        help: "Generations of one answer that may end in tool calls.", parse: ValueParsers.integer(0...1_000))
}

/// The settings of one class of effects.
package struct PolicySettings: Sendable {
    package let maxAttempts: Setting<Int>
    package let backoff: Setting<Duration>
    package let backoffLimit: Setting<Duration>
    package let timeout: Setting<Duration>
    package let idleTimeout: Setting<Duration>
    package let maxConcurrent: Setting<Int>
    package let queueLimit: Setting<Int>
    package let afterRestart: Setting<EffectPolicy.AfterRestart>

    /// - Parameters:
    ///   - standard: the defaults.
    ///   - name: the class.
    ///   - what: an effect of the class in help.
    init(_ standard: EffectPolicy, of name: String, _ what: String) {
        let path = "effects.\(name)"
        let day = Duration.seconds(86_400)
        func text(_ duration: Duration) -> String { DurationText(duration).description }
        maxAttempts = Setting(
            "\(path).max_attempts", in: .effects, "COUNT", default: "\(standard.maxAttempts)",
            help: "Attempts at \(what) that may fail.", parse: ValueParsers.integer(1...100))
        backoff = Setting(
            "\(path).backoff", in: .effects, "DURATION", default: text(standard.backoff),
            help: "The pause before the second attempt; doubled before each further one, with jitter.",
            parse: ValueParsers.duration(.zero...day))
        backoffLimit = Setting(
            "\(path).backoff_limit", in: .effects, "DURATION", default: text(standard.backoffLimit),
            help: "The longest pause between attempts, one that a server asks for included.",
            parse: ValueParsers.duration(.zero...day))
        timeout = Setting(
            "\(path).timeout", in: .effects, "DURATION", default: text(standard.timeout),
            help: "How long one attempt may take.", parse: ValueParsers.duration(.milliseconds(1)...day))
        idleTimeout = Setting(
            "\(path).idle_timeout", in: .effects, "DURATION", default: text(standard.idleTimeout),
            help: "How long a stream may pause.", parse: ValueParsers.duration(.milliseconds(1)...day))
        maxConcurrent = Setting(
            "\(path).max_concurrent", in: .effects, "COUNT", default: "\(standard.maxConcurrent)",
            help: "Attempts that run at once.", parse: ValueParsers.integer(1...100_000))
        queueLimit = Setting(
            "\(path).queue_limit", in: .effects, "COUNT", default: "\(standard.queueLimit)",
            help: "Effects that wait for a free place; a further one fails.",
            parse: ValueParsers.integer(1...10_000_000))
        afterRestart = Setting(
            "\(path).after_restart", in: .effects, "WHAT", default: standard.afterRestart.rawValue,
            help: "What becomes of an attempt that a restart ended: retry or fail.",
            parse: ValueParsers.choice(EffectPolicy.AfterRestart.self))
    }

    package var keys: [SettingKey] {
        [
            maxAttempts.key, backoff.key, backoffLimit.key, timeout.key, idleTimeout.key, maxConcurrent.key,
            queueLimit.key, afterRestart.key,
        ]
    }

    func read(_ resolver: inout SettingsResolver) -> EffectPolicy {
        EffectPolicy(
            maxAttempts: resolver.value(maxAttempts), backoff: resolver.value(backoff),
            backoffLimit: resolver.value(backoffLimit), timeout: resolver.value(timeout),
            idleTimeout: resolver.value(idleTimeout), maxConcurrent: resolver.value(maxConcurrent),
            queueLimit: resolver.value(queueLimit), afterRestart: resolver.value(afterRestart))
    }
}

extension EffectSettings {
    init(_ resolver: inout SettingsResolver, _ declarations: ToolDeclarations) {
        self.init()
        llm = Settings.llmPolicy.read(&resolver)
        tool = Settings.toolPolicy.read(&resolver)
        timerLimit = resolver.value(Settings.effectsTimerLimit)
        bounds = EffectPolicyBounds(
            maxAttempts: resolver.value(Settings.effectsBoundsMaxAttempts),
            backoff: resolver.value(Settings.effectsBoundsBackoff),
            timeout: resolver.value(Settings.effectsBoundsTimeout))
        turns = TurnSettings(
            doubleTexting: resolver.value(Settings.llmDoubleTexting),
            mergeWindow: resolver.value(Settings.llmMergeWindow),
            maxToolRounds: resolver.value(Settings.llmMaxToolRounds))
        for tool in declarations.tools {
            tools[tool.name] = ToolPolicy(
                requiresApproval: tool.requiresApproval, timeout: tool.timeout, maxAttempts: tool.maxAttempts)
        }
    }
}
