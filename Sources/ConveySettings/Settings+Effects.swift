import EffectPort
import EffectHandlers

extension Settings {
    // MARK: - Attempts of effects

    package static let effectPolicies: [SettingKey] =
        llmPolicy.keys + toolPolicy.keys + [
            effectsToolApprovalTimeout.key, effectsTimerLimit.key, effectsBoundsMaxAttempts.key,
            effectsBoundsBackoff.key, effectsBoundsTimeout.key,
        ]

    package static let llmPolicy = PolicySettings(EffectSettings().llm, of: "llm", "a generation")
    package static let toolPolicy = PolicySettings(EffectSettings().tool, of: "tool", "a tool call")

    package static let effectsToolApprovalTimeout = Setting(
        "effects.tool.approval_timeout", in: .effects, "DURATION", default: "1d",
        help: "How long a tool call waits for approval before it counts as denied; 0s for ever.",
        parse: ValueParsers.duration(.zero...(.seconds(365 * 86_400))))
    package static let effectsTimerLimit = Setting(
        "effects.timer.limit", in: .effects, "COUNT", default: "1000000",
        help: "Maximum waiting timers; further ones fail.", parse: ValueParsers.integer(1...10_000_000))
    package static let effectsBoundsMaxAttempts = Setting(
        "effects.bounds.max_attempts", in: .effects, "COUNT", default: "10",
        help: "Upper bound of a signal's effect_policy.max_attempts.", parse: ValueParsers.integer(1...100))
    package static let effectsBoundsBackoff = Setting(
        "effects.bounds.backoff", in: .effects, "DURATION", default: "5m",
        help: "Upper bound of effect_policy.backoff_ms.",
        parse: ValueParsers.duration(.zero...(.seconds(86_400))))
    package static let effectsBoundsTimeout = Setting(
        "effects.bounds.timeout", in: .effects, "DURATION", default: "1h",
        help: "Upper bound of effect_policy.timeout_ms, idle_timeout_ms and unavailable_for_ms.",
        parse: ValueParsers.duration(.milliseconds(1)...(.seconds(86_400))))

    // MARK: - Tools

    package static let tools = Setting(
        "tools", in: .effects, "JSON", isStructured: true,
        help:
            "Tools that models may call, by name, each with description, parameters (a JSON schema), transport (mqtt, or "
            + "http with url), timeout, max_attempts, unavailable_for, requires_approval, approval_timeout.",
        parse: ValueParsers.tools)

    // MARK: - Order of answers

    package static let turns: [SettingKey] = [llmDoubleTexting.key, llmMergeWindow.key, llmMaxToolRounds.key]

    package static let llmDoubleTexting = Setting(
        "llm.double_texting", in: .models, "MODE", default: "queue",
        help:
            "What to do with a message that arrives during an answer: queue, interrupt, reject or merge. Conversations can override it.",
        parse: ValueParsers.choice(TurnSettings.DoubleTexting.self))
    package static let llmMergeWindow = Setting(
        "llm.merge_window", in: .models, "DURATION", default: "1500ms",
        help: "With merge: how long a message waits for more.",
        parse: ValueParsers.duration(.zero...(.seconds(600))))
    package static let llmMaxToolRounds = Setting(
        "llm.max_tool_rounds", in: .models, "COUNT", default: "8",
        help: "Maximum generations per answer that end in tool calls.", parse: ValueParsers.integer(0...1_000))
}

extension EffectSettings {
    init(_ resolver: inout SettingsResolver, _ declarations: ToolDeclarations) {
        self.init()
        llm = Settings.llmPolicy.read(&resolver)
        tool = Settings.toolPolicy.read(&resolver)
        approvalTimeout = resolver.value(Settings.effectsToolApprovalTimeout)
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
                requiresApproval: tool.requiresApproval, timeout: tool.timeout, maxAttempts: tool.maxAttempts,
                unavailableFor: tool.unavailableFor, approvalTimeout: tool.approvalTimeout,
                argumentsProblem: { tool.problem(withArguments: $0) })
        }
    }
}
