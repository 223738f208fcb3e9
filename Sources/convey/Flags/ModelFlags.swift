import ArgumentParser
import ConveySettings

struct ModelFlags: SettingFlags {
    @Option(name: Settings.llmProvider.name, help: Settings.llmProvider.argumentHelp)
    var provider: String?
    @Option(name: Settings.llmFallback.name, help: Settings.llmFallback.argumentHelp)
    var fallback: String?
    @Option(name: Settings.llmBaseURL.name, help: Settings.llmBaseURL.argumentHelp)
    var baseURL: String?
    @Option(name: Settings.llmModel.name, help: Settings.llmModel.argumentHelp)
    var model: String?
    @Option(name: Settings.llmAPIKeyFile.name, help: Settings.llmAPIKeyFile.argumentHelp)
    var apiKeyFile: String?
    @Option(name: Settings.llmAPIKeyEnv.name, help: Settings.llmAPIKeyEnv.argumentHelp)
    var apiKeyEnv: String?
    @Option(name: Settings.llmOrganization.name, help: Settings.llmOrganization.argumentHelp)
    var organization: String?
    @Option(name: Settings.llmProviders.name, help: Settings.llmProviders.argumentHelp)
    var providers: String?
    @Option(name: Settings.llmTemperature.name, help: Settings.llmTemperature.argumentHelp)
    var temperature: String?
    @Option(name: Settings.llmMaxTokens.name, help: Settings.llmMaxTokens.argumentHelp)
    var maxTokens: String?
    @Option(name: Settings.llmSystemPrompt.name, help: Settings.llmSystemPrompt.argumentHelp)
    var systemPrompt: String?
    @Option(name: Settings.llmSystemPromptFile.name, help: Settings.llmSystemPromptFile.argumentHelp)
    var systemPromptFile: String?
    @Option(name: Settings.llmMaxMessages.name, help: Settings.llmMaxMessages.argumentHelp)
    var maxMessages: String?
    @Option(name: Settings.llmTokenBudget.name, help: Settings.llmTokenBudget.argumentHelp)
    var tokenBudget: String?
    @Flag(name: Settings.llmStream.name, inversion: .prefixedNo, help: Settings.llmStream.argumentHelp)
    var stream: Bool?
    @Option(name: Settings.llmFirstTokenTimeout.name, help: Settings.llmFirstTokenTimeout.argumentHelp)
    var firstTokenTimeout: String?
    @Option(name: Settings.llmCoalesceDelay.name, help: Settings.llmCoalesceDelay.argumentHelp)
    var coalesceDelay: String?
    @Option(name: Settings.llmCoalesceBytes.name, help: Settings.llmCoalesceBytes.argumentHelp)
    var coalesceBytes: String?
    @Option(name: Settings.llmCAFile.name, help: Settings.llmCAFile.argumentHelp)
    var caFile: String?
    @Option(name: Settings.llmEchoDelay.name, help: Settings.llmEchoDelay.argumentHelp)
    var echoDelay: String?
    @Option(name: Settings.llmEchoChunkWords.name, help: Settings.llmEchoChunkWords.argumentHelp)
    var echoChunkWords: String?

    var texts: [(key: SettingKey, text: String?)] {
        [
            (Settings.llmProvider.key, provider), (Settings.llmFallback.key, fallback),
            (Settings.llmBaseURL.key, baseURL), (Settings.llmModel.key, model),
            (Settings.llmAPIKeyFile.key, apiKeyFile), (Settings.llmAPIKeyEnv.key, apiKeyEnv),
            (Settings.llmOrganization.key, organization), (Settings.llmProviders.key, providers),
            (Settings.llmTemperature.key, temperature), (Settings.llmMaxTokens.key, maxTokens),
            (Settings.llmSystemPrompt.key, systemPrompt), (Settings.llmSystemPromptFile.key, systemPromptFile),
            (Settings.llmMaxMessages.key, maxMessages), (Settings.llmTokenBudget.key, tokenBudget),
            (Settings.llmStream.key, stream.map { String($0) }),
            (Settings.llmFirstTokenTimeout.key, firstTokenTimeout), (Settings.llmCoalesceDelay.key, coalesceDelay),
            (Settings.llmCoalesceBytes.key, coalesceBytes), (Settings.llmCAFile.key, caFile),
            (Settings.llmEchoDelay.key, echoDelay), (Settings.llmEchoChunkWords.key, echoChunkWords),
        ]
    }
}
