import Signals

/// The content of an event in a few words.
package enum EventSummary: Equatable {
    /// Text of a message, an answer, or a piece of one.
    case text(String)
    /// Information about the event: why something failed, which tool runs.
    case note(String)

    /// Nil for an event that contains no more than its type.
    /// - Parameter data: the event's data.
    package init?(_ data: JSONValue?) {
        guard let data else { return nil }
        if let delta = data["delta"]?.string {
            self = .text(delta)
        } else if let note = Self.outcome(data) {
            self = .note(note)
        } else if let content = data["content"] ?? data["text"] ?? data["body"], !Self.isEmpty(content) {
            self = .text(content.string ?? content.description)
        } else if let note = Self.subject(data) {
            self = .note(note)
        } else if let message = data["message"], !Self.isEmpty(message) {
            self = .text(message.string ?? message.description)
        } else {
            return nil
        }
    }

    /// The text, whatever its source.
    package var words: String {
        switch self {
        case .text(let words), .note(let words): words
        }
    }

    /// How something ended, or why it must wait: `config: unknown model provider`, `get_weather: transport: no answer`.
    private static func outcome(_ data: JSONValue) -> String? {
        let error = data["error"]
        let lifecycle = data["lifecycle"]?.string
        let isWaiting = data["retry_in_ms"] != nil
        let category = data["category"]?.string ?? error?["class"]?.string
        guard category != nil || data["code"] != nil || isWaiting || error != nil || lifecycle == "canceled" else {
            return nil
        }
        let kind = [category, data["code"]?.string].compactMap(\.self).joined(separator: "/")
        let why = [
            data["reason"]?.string, error?["message"]?.string ?? error?.string ?? data["message"]?.string,
            data["retry_in_ms"]?.int.map { "next attempt in \(($0 + 999) / 1_000) s" },
        ]
        return joined([data["tool_name"]?.string, kind] + why)
    }

    /// The subject of the event.
    private static func subject(_ data: JSONValue) -> String? {
        if let tool = data["tool_name"]?.string {
            return joined([tool, data["message"]?.string ?? data["arguments"]?.string])
        }
        if let type = data["original_type"]?.string { return type }
        if let settings = data["llm"] { return settings.description }
        return joined([(data["effect_id"] ?? data["tool_call_id"] ?? data["timer_id"])?.string, data["reason"]?.string])
    }

    private static func joined(_ parts: [String?]) -> String? {
        let parts = parts.compactMap(\.self).filter { !$0.isEmpty }
        return parts.isEmpty ? nil : parts.joined(separator: ": ")
    }

    private static func isEmpty(_ value: JSONValue) -> Bool {
        if case .null = value { return true }
        return value.string?.isEmpty ?? false
    }
}
