import Signals

/// The result of a tool call as a model receives it.
enum ToolResult {
    static func completed(_ data: JSONObjectView) -> String {
        let result = [data["content"], data["result"], data["message"]].compactMap(\.self).first { $0.kind != .null }
        return result?.stringOrSpelling ?? "Completed"
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
