import ChatCompletions
import EffectHandlers
import Foundation

extension ModelSettings {
    /// Reads the settings of language models and the keys that they name, and reports problems.
    init(_ resolver: inout SettingsResolver) {
        let standard = resolver.isGiven(Settings.llmBaseURL.key) ? ProviderDraft.standardName : Self.echo
        let provider = resolver.value(Settings.llmProvider, or: standard)
        let fallback = resolver.value(Settings.llmFallback) ?? []
        var client = ChatClient.Configuration()
        self.init(
            providers: Self.providers(&resolver, wanted: [provider] + fallback), provider: provider, fallback: fallback,
            temperature: resolver.value(Settings.llmTemperature), maxTokens: resolver.value(Settings.llmMaxTokens),
            systemPrompt: Self.systemPrompt(&resolver), maxMessages: resolver.value(Settings.llmMaxMessages),
            tokenBudget: resolver.value(Settings.llmTokenBudget), streams: resolver.value(Settings.llmStream),
            firstTokenTimeout: resolver.value(Settings.llmFirstTokenTimeout),
            echoHandler: EchoHandler(
                delay: resolver.value(Settings.llmEchoDelay), chunkWords: resolver.value(Settings.llmEchoChunkWords)))
        client.coalescingDelay = resolver.value(Settings.llmCoalesceDelay)
        client.coalescingBytes = resolver.value(Settings.llmCoalesceBytes)
        client.certificateAuthorities = Self.authorities(&resolver)
        self.client = client
    }

    private static func providers(_ resolver: inout SettingsResolver, wanted: [String]) -> [ChatProvider] {
        var names: [String] = [ModelSettings.echo]
        var providers: [ChatProvider] = []
        let structured = resolver.value(Settings.llmProviders)?.object ?? []
        for (name, value) in structured {
            if let problem = problem(ofName: name) {
                resolver.report(Settings.llmProviders.key, member: name, problem)
                continue
            }
            names.append(name)
            if let provider = ProviderDraft(name, value, &resolver).checked(&resolver) { providers.append(provider) }
        }
        let isStandardTaken = names.contains(ProviderDraft.standardName)
        let isStandardWanted = !isStandardTaken && wanted.contains(ProviderDraft.standardName)
        if let draft = ProviderDraft(&resolver, isWanted: isStandardWanted) {
            if isStandardTaken {
                resolver.report(
                    Settings.llmProviders.key, member: ProviderDraft.standardName,
                    "conflicts with llm.base_url, llm.model and its other settings; give only one of the two")
            } else {
                names.append(draft.name)
                if let provider = draft.checked(&resolver) { providers.append(provider) }
            }
        }
        check(wanted, names, &resolver)
        return providers
    }

    /// Names appear in conversations' configurations, messages and metrics.
    private static func problem(ofName name: String) -> String? {
        if name == ModelSettings.echo { return "is the name of the built-in model; choose another" }
        let isPlain = name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-_.".contains($0)) }
        return isPlain && (1...64).contains(name.count) ? nil : "must consist of letters, digits, - _ and ."
    }

    /// - Parameter wanted: `llm.provider`, then `llm.fallback`.
    private static func check(_ wanted: [String], _ names: [String], _ resolver: inout SettingsResolver) {
        for (index, name) in wanted.enumerated() {
            let key = index == 0 ? Settings.llmProvider.key : Settings.llmFallback.key
            if !names.contains(name) {
                let known = names.joined(separator: ", ")
                let hint = NearestName.hint(for: name, among: names)
                resolver.report(
                    key, "\"\(name)\" is not a provider; known are \(known), and openai with llm.model\(hint)")
            } else if index > 0, name == ModelSettings.echo {
                resolver.report(key, "echo cannot replace a model; name a provider")
            } else if wanted[..<index].contains(name) {
                resolver.report(key, "\"\(name)\" is already in use; name another one")
            }
        }
    }

    private static func systemPrompt(_ resolver: inout SettingsResolver) -> String? {
        let text = resolver.value(Settings.llmSystemPrompt)
        guard let path = resolver.value(Settings.llmSystemPromptFile) else { return text }
        if text != nil {
            resolver.report(
                Settings.llmSystemPromptFile.key, "conflicts with llm.system_prompt; give only one")
        }
        guard let data = FileManager.default.contents(atPath: path), data.count <= systemPromptLimit,
            let prompt = String(data: data, encoding: .utf8)
        else {
            resolver.report(Settings.llmSystemPromptFile.key, "\(path) cannot be read, or is not text of at most 1 MiB")
            return text
        }
        return prompt.trimmingCharacters(in: .newlines)
    }

    /// It is sent with every request, and no model reads more than that.
    private static let systemPromptLimit = 1 << 20

    /// An invalid certificate should be found at the start, not at the first request.
    private static func authorities(_ resolver: inout SettingsResolver) -> String? {
        guard let path = resolver.value(Settings.llmCAFile) else { return nil }
        let text = FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) }
        if text?.contains("-----BEGIN CERTIFICATE-----") != true {
            resolver.report(Settings.llmCAFile.key, "\(path) cannot be read, or contains no PEM certificate")
        }
        return path
    }
}
