import ConveyClient
import Signals
import Terminal

/// Answers as tables for people.
package enum AnswerTable {
    /// What participants saw, with the outcome of an answer below its text.
    package static func timeline(_ page: ConveyClient.Page) -> [TextTable] {
        let rows = page.elements.map { entry in
            let who = [text(entry["role"]), text(entry["name"])].filter { !$0.isEmpty }.joined(separator: " ")
            let parts = [text(entry["content"]), outcome(entry)].filter { !$0.isEmpty }
            return [clock(entry["time"]), text(entry["offset"]), who, parts.joined(separator: "\n")]
        }
        return [
            TextTable(
                ["TIME", "OFFSET", "ROLE", "TEXT"], right: [1], empty: "nothing that participants saw", rows: rows)
        ]
    }

    /// The entries of a timeline from published events alone: pieces of text, then the whole answer.
    package static func projectedTimeline(_ entries: [JSONValue]) -> TextTable {
        TextTable(
            ["OFFSET", "ROLE", "KIND", "TEXT"], right: [0], empty: "no entries",
            rows: entries.map { entry in ["offset", "role", "kind", "content"].map { text(entry[$0]) } })
    }

    /// What is said of an entry in parentheses; empty for a whole answer, and for what has no outcome.
    private static func outcome(_ entry: JSONValue) -> String {
        let isApproval = entry["kind"]?.string == "approval"
        switch entry["state"]?.string {
        case nil: return ""
        case "completed":
            let reason = text(entry["metadata"]?["finish_reason"])
            if !["", "stop", "tool_calls"].contains(reason) { return "(may be incomplete: \(reason))" }
            return text(entry["content"]).allSatisfy(\.isWhitespace) ? "(no text)" : ""
        case "open": return "(being written)"
        case "waiting" where isApproval: return "(waits for approval: \(text(entry["metadata"]?["effect_id"])))"
        case "decided": return "(asked for approval)"
        case let state?:
            let reason = text(entry["reason"])
            return reason.isEmpty ? "(\(state))" : "(\(state): \(reason))"
        }
    }

    /// The messages of a model's request.
    package static func context(_ page: ConveyClient.Page) -> [TextTable] {
        let rows = page.elements.map { message in
            let calls = (message["tool_calls"]?.array ?? []).map { "\(text($0["name"]))(\(text($0["arguments"])))" }
            let parts = [text(message["content"])] + calls
            return [text(message["role"]), parts.filter { !$0.isEmpty }.joined(separator: "\n")]
        }
        return [TextTable(["ROLE", "TEXT"], empty: "no messages", rows: rows)]
    }

    /// Recorded signals.
    package static func events(_ page: ConveyClient.Page) -> [TextTable] {
        let rows = page.elements.map { event in
            let about = event["removed"].map { "removed: \(text($0))" } ?? EventSummary(event["data"])?.words ?? ""
            return [
                clock(event["time"] ?? event["recorded_at"]), text(event["offset"]), text(event["type"]),
                text(event["id"]), about,
            ]
        }
        return [
            TextTable(["TIME", "OFFSET", "TYPE", "ID", "SUMMARY"], right: [1], empty: "no such events", rows: rows)
        ]
    }

    /// The state's members, and the signals that were applied last.
    package static func state(_ page: ConveyClient.Page) -> [TextTable] {
        let state = page.json["state"]
        var rows = [["as of offset", text(page.json["as_of"])], ["partition", text(page.json["partition"])]]
        for (key, value) in state?.object ?? [] where key != "history" && key != "last_event" {
            rows.append([key.replacing("_", with: " "), text(value)])
        }
        let history = (state?["history"]?.array ?? []).map { event in
            [text(event["seq"]), text(event["type"]), text(event["id"])]
        }
        return [
            TextTable(["STATE", "VALUE"], empty: "no state", rows: rows),
            TextTable(["APPLIED", "TYPE", "ID"], right: [0], empty: "nothing was applied", rows: history),
        ]
    }

    /// The tree of causes and consequences, one signal per line.
    package static func trace(_ page: ConveyClient.Page) -> [TextTable] {
        let depths = page.elements.map { $0["depth"]?.int ?? 0 }
        let first = depths.first ?? 0
        let rows = zip(page.elements, depths).map { signal, depth -> [String] in
            let indent = String(repeating: "  ", count: depth - first)
            return [
                clock(signal["time"]), text(signal["offset"]),
                (depth == 0 ? "▶ " : "  ") + indent + text(signal["type"]), text(signal["id"]), fate(signal),
            ]
        }
        return [TextTable(["TIME", "OFFSET", "  TYPE", "ID", "FATE"], right: [1], empty: "no such signal", rows: rows)]
    }

    private static func fate(_ signal: JSONValue) -> String {
        if let applied = signal["applied"] { return "applied at \(text(applied["offset"]))" }
        if let letter = signal["dead_letter"] { return "dead letter: \(text(letter["reason"]))" }
        return "waits"
    }

    /// Conversations with their latest activity.
    package static func conversations(_ page: ConveyClient.Page) -> [TextTable] {
        [
            TextTable(
                ["LAST ACTIVITY", "EVENTS", "SUBJECT"], right: [1], empty: "no conversations",
                rows: page.elements.map { [clock($0["last_activity"]), text($0["offset"]), text($0["subject"])] })
        ]
    }

    /// Effects under way, with a tool's name and arguments below the effect.
    package static func effects(_ page: ConveyClient.Page) -> [TextTable] {
        let rows = page.elements.map { effect in
            let call = effect["tool_name"].map { "\n\(text($0)) \(text(effect["arguments"]))" } ?? ""
            return [
                clock(effect["ordered_at"]), text(effect["state"]), text(effect["class"]), text(effect["attempt"]),
                effect["due_at"].map { clock($0) } ?? "-", text(effect["subject"]),
                text(effect["effect_id"]) + call,
            ]
        }
        return [
            TextTable(
                ["ORDERED", "STATE", "CLASS", "ATTEMPT", "DUE", "SUBJECT", "EFFECT"], right: [3],
                empty: "no effects under way", rows: rows)
        ]
    }

    /// A text as it is, anything else as its JSON.
    private static func text(_ value: JSONValue?) -> String {
        switch value {
        case nil, .null: ""
        case .string(let text): text
        case .some(let other): other.description
        }
    }

    /// Date and time of day to the second: enough to follow, and sorted.
    private static func clock(_ value: JSONValue?) -> String {
        text(value).replacing("T", with: " ").prefix(19).description
    }
}
