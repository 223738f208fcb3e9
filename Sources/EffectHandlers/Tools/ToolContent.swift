import ChatCompletions
import EffectPort
import Signals

/// Messages and results of tools, in the form that is recorded and sent to models.
enum ToolContent {
    /// A result as text: a string's text, anything else as its JSON.
    static func text(of value: JSONSlice) -> String {
        value.string ?? String(decoding: value.raw, as: UTF8.self)
    }

    /// A tool's message, in one line.
    static func clean(_ text: String) -> String { ProviderText.clean(text) }

    /// A result beyond the limit. Another attempt would return the same result.
    static func tooLarge(_ tool: String, bytes: Int?, limit: Int) -> EffectFailure {
        let size = bytes.map { "of \($0) bytes" } ?? "that is too large"
        return EffectFailure(
            .config, "the tool \(tool) returned a result \(size); the limit is \(limit) bytes: make it return less")
    }
}
