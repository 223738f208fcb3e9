import ConveyClient
import Signals

/// Answers as lines for people.
enum AnswerTable {
    /// `TIME  OFFSET  WHO  TEXT`, with the outcome of an answer below its text.
    static func timeline(_ page: ConveyClient.Page) -> [String] {
        aligned(
            page.elements.map { entry in
                let who = [text(entry["role"]), text(entry["name"])].filter { !$0.isEmpty }.joined(separator: " ")
                let parts = [text(entry["content"]), outcome(entry)].filter { !$0.isEmpty }
                return [clock(entry["time"]), text(entry["offset"]), who, parts.joined(separator: "\n")]
            }, right: [1])
    }

    /// What is said of an entry in parentheses; empty for a whole answer, and for what has no outcome.
    private static func outcome(_ entry: JSONValue) -> String {
        let isConsent = entry["kind"]?.string == "approval"
        switch entry["state"]?.string {
        case nil: return ""
        case "completed":
            let reason = text(entry["metadata"]?["finish_reason"])
            if !["", "stop", "tool_calls"].contains(reason) { return "(may be incomplete: \(reason))" }
            return text(entry["content"]).allSatisfy(\.isWhitespace) ? "(no text)" : ""
        case "open": return "(being written)"
        case "waiting" where isConsent: return "(waits for approval: \(text(entry["metadata"]?["effect_id"])))"
        case "decided": return "(asked for approval)"
        case let state?:
            let reason = text(entry["reason"])
            return reason.isEmpty ? "(\(state))" : "(\(state): \(reason))"
        }
    }

    /// `ROLE  TEXT`.
    static func context(_ page: ConveyClient.Page) -> [String] {
        aligned(
            page.elements.map { message in
                let calls = (message["tool_calls"]?.array ?? []).map { "\(text($0["name"]))(\(text($0["arguments"])))" }
                let parts = [text(message["content"])] + calls
                return [text(message["role"]), parts.filter { !$0.isEmpty }.joined(separator: "\n")]
            })
    }

    /// `TIME  OFFSET  TYPE  ID  SUMMARY`.
    static func events(_ page: ConveyClient.Page) -> [String] {
        aligned(
            page.elements.map { event in
                let data = event["data"]
                let about = data?["delta"] ?? data?["content"] ?? data?["message"] ?? data?["original_type"]
                return [
                    clock(event["time"]), text(event["offset"]), text(event["type"]), text(event["id"]), text(about),
                ]
            }, right: [1])
    }

    /// One line per member; the history with one line per application.
    static func state(_ page: ConveyClient.Page) -> [String] {
        let state = page.json["state"]
        var lines = [["as of offset", text(page.json["as_of"])], ["partition", text(page.json["partition"])]]
        for (key, value) in state?.object ?? [] where key != "history" && key != "last_event" {
            lines.append([key.replacing("_", with: " "), text(value)])
        }
        let history = (state?["history"]?.array ?? []).map { event in
            [text(event["seq"]), text(event["type"]), text(event["id"])]
        }
        return aligned(lines) + (history.isEmpty ? [] : ["", "latest applied:"]) + aligned(history, right: [0])
    }

    /// The tree of causes and consequences, one signal per line.
    static func trace(_ page: ConveyClient.Page) -> [String] {
        let depths = page.elements.map { $0["depth"]?.int ?? 0 }
        let first = depths.first ?? 0
        let lines = zip(page.elements, depths).map { signal, depth -> [String] in
            let indent = String(repeating: "  ", count: depth - first)
            let fate =
                if let applied = signal["applied"] {
                    "applied at \(text(applied["offset"]))"
                } else if let letter =
                    signal["dead_letter"]
                { "dead letter: \(text(letter["reason"]))" } else { "waits" }
            return [
                clock(signal["time"]), text(signal["offset"]),
                (depth == 0 ? "▶ " : "  ") + indent + text(signal["type"]),
                text(signal["id"]), fate,
            ]
        }
        return aligned(lines, right: [1]) + (page.json["complete"]?.bool == false ? ["(incomplete)"] : [])
    }

    /// `LAST ACTIVITY  EVENTS  SUBJECT`.
    static func conversations(_ page: ConveyClient.Page) -> [String] {
        aligned(
            page.elements.map { [text($0["last_activity"]), text($0["offset"]), text($0["subject"])] }, right: [1])
    }

    /// `ORDERED AT  STATE  CLASS  ATTEMPT  DUE  SUBJECT  EFFECT`, with a tool's name and arguments below the effect.
    static func effects(_ page: ConveyClient.Page) -> [String] {
        aligned(
            page.elements.map { effect in
                let due = effect["due_at"].map { "due \(clock($0))" } ?? ""
                let call = effect["tool_name"].map { "\n\(text($0)) \(text(effect["arguments"]))" } ?? ""
                return [
                    clock(effect["ordered_at"]), text(effect["state"]), text(effect["class"]), text(effect["attempt"]),
                    due, text(effect["subject"]), text(effect["effect_id"]) + call,
                ]
            }, right: [3])
    }

    /// Columns under each other. The last is not padded; its further lines are indented below its first.
    private static func aligned(_ rows: [[String]], right: Set<Int> = []) -> [String] {
        let count = rows.map(\.count).max() ?? 0
        let widths = (0..<count).map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.flatMap { row -> [String] in
            var head = ""
            for (column, cell) in row.dropLast().enumerated() {
                let padding = String(repeating: " ", count: widths[column] - cell.count)
                head += (right.contains(column) ? padding + cell : cell + padding) + "  "
            }
            let lines = (row.last ?? "").split(separator: "\n", omittingEmptySubsequences: false)
            let indent = String(repeating: " ", count: head.count)
            return lines.enumerated().map { ($0 == 0 ? head : indent) + $1 }
        }
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
