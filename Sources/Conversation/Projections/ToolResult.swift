import Signals

/// The result of a tool call as a model receives it.
enum ToolResult {
    static func completed(_ data: JSONObjectView) -> String {
        let result = [data["content"], data["result"], data["message"]].compactMap(\.self).first { $0.kind != .null }
        let text = result?.stringOrSpelling ?? "Completed"
        // The model sees its own arguments in the call.
        guard let edited = data["edited_arguments"]?.string else { return text }
        return "\(text)\n\n(A person has changed the arguments of this call to \(edited).)"
    }

    static func failed(_ data: JSONObjectView) -> String {
        let category = firstPresent(data["category"])?.orNone.map { " (\($0.text))" }
        return told("Failed\(category ?? "")", data)
    }

    static func canceled(_ data: JSONObjectView) -> String { told("Canceled", data) }

    private static func told(_ outcome: String, _ data: JSONObjectView) -> String {
        let detail = firstPresent(data["message"], data["reason"], data["content"])?.orNone
        return detail.map { "\(outcome): \($0.stringOrSpelling)" } ?? outcome
    }
}
