import ChatCompletions
import Foundation
import Signals

/// A model provider as given in the settings, before it is checked: one in `llm.providers`, or `openai`, which has
/// separate settings (`llm.base_url`, `llm.model`, …).
struct ProviderDraft {
    /// The provider that `llm.base_url` and related settings describe.
    static let standardName = "openai"
    static let standardBaseURL = "https://api.openai.com/v1"

    let name: String
    private let isStructured: Bool
    private var texts: [String: String] = [:]
    private var tokenLimit: ChatProvider.TokenLimitMember?
    private var asksForUsage = true

    /// Members with text, and their names in messages about a wrong type.
    private static let textMembers = [
        "base_url", "model", "api_key_file", "api_key_env", "organization", "headers_file",
    ]
    private static let members = textMembers + ["token_limit", "stream_usage"]
    /// Names under which people might put a key here, which is refused.
    private static let inlineSecrets: Set<String> = ["api_key", "apikey", "key", "token", "secret", "headers"]

    /// The provider `openai` from its settings; nil if none of them is given and no other setting names it.
    init?(_ resolver: inout SettingsResolver, isWanted: Bool) {
        name = Self.standardName
        isStructured = false
        for setting in Self.settings {
            if let text = resolver.value(setting) { texts[Self.member(of: setting)] = text }
        }
        guard isWanted || !texts.isEmpty else { return nil }
        if texts["base_url"] == nil { texts["base_url"] = Self.standardBaseURL }
    }

    /// A member of `llm.providers`. Reports unknown members.
    init(_ name: String, _ value: JSONValue, _ resolver: inout SettingsResolver) {
        self.name = name
        isStructured = true
        guard let members = value.object else {
            resolver.report(Settings.llmProviders.key, member: name, "has no members; it needs base_url and model")
            return
        }
        for (member, value) in members where !value.isNull { take(member, value, &resolver) }
    }

    private mutating func take(_ member: String, _ value: JSONValue, _ resolver: inout SettingsResolver) {
        switch member {
        case _ where Self.textMembers.contains(member):
            guard let text = value.string, !text.isEmpty else { return report(&resolver, member, "must be text") }
            texts[member] = text
        case "token_limit":
            tokenLimit = value.string.flatMap(ChatProvider.TokenLimitMember.init)
            if tokenLimit == nil { report(&resolver, member, "is neither max_tokens nor max_completion_tokens") }
        case "stream_usage":
            if let bool = value.bool {
                asksForUsage = bool
            } else {
                report(&resolver, member, "is neither true nor false")
            }
        case _ where Self.inlineSecrets.contains(member.lowercased()):
            report(
                &resolver, member,
                "is not allowed here, where backups and listings would show it; put it in a file and name the file in "
                    + (member == "headers" ? "headers_file" : "api_key_file, or name a variable in api_key_env"))
        default:
            report(
                &resolver, member, "is not a member of a provider\(NearestName.hint(for: member, among: Self.members))")
        }
    }

    private static let settings = [
        Settings.llmBaseURL, Settings.llmModel, Settings.llmAPIKeyFile, Settings.llmAPIKeyEnv, Settings.llmOrganization,
    ]

    private static func member(of setting: Setting<String?>) -> String { String(setting.key.path.dropFirst(4)) }

    // MARK: Checking

    /// The provider; nil after reporting a problem.
    func checked(_ resolver: inout SettingsResolver) -> ChatProvider? {
        let problems = resolver.problems.count
        if texts["base_url"] == nil { report(&resolver, "base_url", "is missing, such as http://127.0.0.1:8000/v1") }
        if texts["model"] == nil {
            report(&resolver, "model", "is required: the model that provider \(name) uses")
        }
        if let baseURL = texts["base_url"] { check(baseURL: baseURL, &resolver) }
        let key = apiKey(&resolver)
        let headers = headers(&resolver)
        guard resolver.problems.count == problems, let baseURL = texts["base_url"], let model = texts["model"] else {
            return nil
        }
        do {
            let provider = try ChatProvider(
                name: name, baseURL: baseURL, apiKey: key.map(Secret.init), model: model,
                organization: texts["organization"], headers: headers,
                tokenLimitMember: tokenLimit ?? (isOpenAI ? .maxCompletionTokens : .maxTokens),
                asksForUsage: asksForUsage)
            if provider.sendsSecretsInClear {
                resolver.warn(
                    path("base_url"),
                    "the key goes to \(provider.endpoint.place) unencrypted; use https"
                )
            }
            return provider
        } catch {
            report(&resolver, "base_url", error.message)
            return nil
        }
    }

    /// The provider's host belongs to OpenAI.
    private var isOpenAI: Bool {
        texts["base_url"].flatMap { URL(string: $0)?.host()?.lowercased() } == "api.openai.com"
    }

    private func check(baseURL: String, _ resolver: inout SettingsResolver) {
        do {
            _ = try ChatProvider(name: name, baseURL: baseURL, model: "any")
        } catch {
            report(&resolver, "base_url", error.message)
        }
    }

    private func apiKey(_ resolver: inout SettingsResolver) -> String? {
        if let path = texts["api_key_file"] {
            if texts["api_key_env"] != nil {
                report(&resolver, "api_key_env", "conflicts with api_key_file; give only one")
            }
            guard let text = read(path, "api_key_file", &resolver) else { return nil }
            if let key = SecretFile.firstLine(text) { return key }
            report(&resolver, "api_key_file", "\(path) is empty; its first line must be the key")
            return nil
        }
        if let variable = texts["api_key_env"] {
            guard !variable.hasPrefix(EnvironmentSettings.prefix) || variable == EnvironmentSettings.apiKeyName else {
                report(
                    &resolver, "api_key_env",
                    "\(variable) looks like a setting; choose a name that does not start with CONVEY_")
                return nil
            }
            if let key = resolver.variable(variable) { return key }
            report(&resolver, "api_key_env", "the environment variable \(variable) is not set, or is empty")
            return nil
        }
        return standardKey(&resolver)
    }

    /// OPENAI_API_KEY is for OpenAI's own server only: other servers must not receive that key unless a setting names it.
    private func standardKey(_ resolver: inout SettingsResolver) -> String? {
        guard !isStructured else { return nil }
        if let key = resolver.variable(EnvironmentSettings.apiKeyName) { return key }
        guard isOpenAI else { return nil }
        if let key = resolver.variable("OPENAI_API_KEY") { return key }
        report(&resolver, "api_key_file", "is required for api.openai.com; OPENAI_API_KEY also works")
        return nil
    }

    /// One `Name: value` per line; empty lines and lines that begin with # are skipped.
    private func headers(_ resolver: inout SettingsResolver) -> [ChatProvider.Header] {
        guard let path = texts["headers_file"], let text = read(path, "headers_file", &resolver) else { return [] }
        var headers: [ChatProvider.Header] = []
        for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            let line = line.trimmingCharacters(in: .whitespaces)
            if line.isEmpty || line.hasPrefix("#") { continue }
            guard let colon = line.firstIndex(of: ":"), colon > line.startIndex else {
                report(&resolver, "headers_file", "line \(index + 1) of \(path) is not NAME: VALUE")
                continue
            }
            let value = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
            headers.append(
                ChatProvider.Header(name: String(line[..<colon]), value: Secret(value)))
        }
        return headers
    }

    private func read(_ path: String, _ member: String, _ resolver: inout SettingsResolver) -> String? {
        switch SecretFile.read(path) {
        case .text(let text, let isReadableByOthers):
            if isReadableByOthers {
                resolver.warn(
                    self.path(member), "\(path) is readable by every user of this machine; chmod o-r keeps it secret")
            }
            return text
        case .unusable(let reason):
            report(&resolver, member, reason)
            return nil
        }
    }

    // MARK: Messages

    private func path(_ member: String) -> String {
        isStructured ? "\(Settings.llmProviders.key.path).\(name).\(member)" : "llm.\(member)"
    }

    private func report(_ resolver: inout SettingsResolver, _ member: String, _ message: String) {
        guard !isStructured else {
            return resolver.report(Settings.llmProviders.key, member: "\(name).\(member)", message)
        }
        let setting = Self.settings.first { Self.member(of: $0) == member } ?? Settings.llmBaseURL
        resolver.report(setting.key, message)
    }
}
