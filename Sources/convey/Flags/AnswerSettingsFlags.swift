import ArgumentParser
import Signals

/// A conversation's own settings of its answers (docs/PROTOCOL.md, "Configuring a conversation").
struct AnswerSettingsFlags: ParsableArguments {
    enum DoubleTexting: String, ExpressibleByArgument, CaseIterable {
        case queue, interrupt, reject, merge
    }

    @Option(help: "echo, or a configured provider of the service.")
    var provider: String?
    @Option(help: "The provider's model.")
    var model: String?
    @Option(help: "0 to 2.")
    var temperature: Double?
    @Option(help: "Maximum tokens of an answer.")
    var maxTokens: Int?
    @Option(help: "The system prompt; an empty text for none.")
    var systemPrompt: String?
    @Option(help: "Maximum messages of a request.")
    var maxMessages: Int?
    @Option(help: "Maximum tokens of a request, estimated.")
    var tokenBudget: Int?
    @Option(help: "The tools that the model may call, separated by commas; none for no tools.")
    var tools: String?
    @Option(help: "What to do with a message that arrives during an answer.")
    var doubleTexting: DoubleTexting?
    @Option(help: "Time within which messages are merged, in milliseconds.")
    var mergeWindowMs: Int?
    @Option(help: "Maximum generations in a row that call tools.")
    var maxToolRounds: Int?

    func validate() throws {
        if let temperature, !(0...2).contains(temperature) { throw ValidationError("--temperature must be 0 to 2") }
        for (name, value) in [("max-tokens", maxTokens), ("max-messages", maxMessages), ("token-budget", tokenBudget)] {
            if let value, value < 1 { throw ValidationError("--\(name) must be at least 1") }
        }
    }

    /// The members of `llm` in the signal's data; only those that were given.
    var members: [(key: String, value: JSONValue)] {
        let all: [(String, JSONValue?)] = [
            ("provider", provider.map(JSONValue.string)), ("model", model.map(JSONValue.string)),
            ("temperature", temperature.map { .fraction(String($0)) }), ("max_tokens", Self.number(maxTokens)),
            ("system_prompt", systemPrompt.map(JSONValue.string)), ("max_messages", Self.number(maxMessages)),
            ("token_budget", Self.number(tokenBudget)), ("tools", tools.map(Self.list)),
            ("double_texting", doubleTexting.map { .string($0.rawValue) }),
            ("merge_window_ms", Self.number(mergeWindowMs)), ("max_tool_rounds", Self.number(maxToolRounds)),
        ]
        return all.compactMap { name, value in value.map { (key: name, value: $0) } }
    }

    private static func number(_ value: Int?) -> JSONValue? { value.map { .integer(String($0)) } }

    private static func list(_ names: String) -> JSONValue {
        names == "none" ? .bool(false) : .array(names.split(separator: ",").map { .string(String($0)) })
    }
}
