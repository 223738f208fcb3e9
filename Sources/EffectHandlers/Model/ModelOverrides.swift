import EffectPort
import Signals

/// A conversation's own settings: the member `llm` of the newest `conv.in.conversation.configured`. Missing and null
/// members fall back to the service's settings; unknown members belong to others (the engine, or a newer version).
struct ModelOverrides: Sendable, Equatable {
    var provider: String?
    /// For the provider that is asked first; the others have their own.
    var model: String?
    var temperature: Double?
    var maxTokens: Int?
    /// An empty one means none.
    var systemPrompt: String?
    var maxMessages: Int?
    var tokenBudget: Int?
    /// Names of the tools that the model may call; empty if it may call none.
    var tools: [String]?

    /// - Parameter configuration: the signal's `data`, JSON; nil if there is none.
    /// - Throws: `EffectFailure` of category `config`, which names the member and the valid values.
    init(_ configuration: [UInt8]?) throws(EffectFailure) {
        guard let data = configuration.flatMap({ JSONObjectView($0) }), let value = Self.present(data["llm"]) else {
            return
        }
        guard let llm = value.object else { throw Self.invalid("llm", "an object") }
        provider = try Self.name(llm["provider"], "provider", "the name of a provider")
        model = try Self.name(llm["model"], "model", "the name of a model")
        temperature = try Self.temperature(llm["temperature"])
        maxTokens = try Self.count(llm["max_tokens"], "max_tokens", 1...1_000_000)
        systemPrompt = try Self.text(llm["system_prompt"], "system_prompt", "text")
        maxMessages = try Self.count(llm["max_messages"], "max_messages", 1...ModelSettings.messageLimit)
        tokenBudget = try Self.count(llm["token_budget"], "token_budget", 1...100_000_000)
        tools = try Self.tools(llm["tools"])
    }

    private static func present(_ value: JSONSlice?) -> JSONSlice? { value.flatMap { $0.kind == .null ? nil : $0 } }

    private static func invalid(_ member: String, _ right: String) -> EffectFailure {
        let path = member == "llm" ? member : "llm.\(member)"
        return EffectFailure(
            .config, "conversation.configured: \(path) must be \(right), or null for the service's setting")
    }

    private static func text(
        _ value: JSONSlice?, _ member: String, _ right: String
    ) throws(EffectFailure) -> String? {
        guard let value = present(value) else { return nil }
        guard let text = value.string else { throw invalid(member, right) }
        return text
    }

    private static func name(
        _ value: JSONSlice?, _ member: String, _ right: String
    ) throws(EffectFailure) -> String? {
        guard let name = try text(value, member, right) else { return nil }
        guard !name.isEmpty else { throw invalid(member, right) }
        return name
    }

    private static func count(
        _ value: JSONSlice?, _ member: String, _ range: ClosedRange<Int>
    ) throws(EffectFailure) -> Int? {
        guard let value = present(value) else { return nil }
        guard value.kind == .integer, let number = Int(String(decoding: value.raw, as: UTF8.self)),
            range.contains(number)
        else { throw invalid(member, "a whole number from \(range.lowerBound) to \(range.upperBound)") }
        return number
    }

    private static func temperature(_ value: JSONSlice?) throws(EffectFailure) -> Double? {
        guard let value = present(value) else { return nil }
        guard value.kind == .integer || value.kind == .fraction,
            let number = Double(String(decoding: value.raw, as: UTF8.self)), (0...2).contains(number)
        else { throw invalid("temperature", "a number from 0 to 2") }
        return number
    }

    private static func tools(_ value: JSONSlice?) throws(EffectFailure) -> [String]? {
        guard let value = present(value) else { return nil }
        if value.kind == .false { return [] }
        let right = "a list of names of tools, or false for none"
        guard let elements = value.elements else { throw invalid("tools", right) }
        var names: [String] = []
        for element in elements {
            guard let name = element.string else { throw invalid("tools", right) }
            names.append(name)
        }
        return names
    }
}
