import Signals

/// The entries of a timeline on the page. The script (page.js) handles later events in the same way: it works on the
/// displayed page, so it cannot share this code, but it fills in this markup (`template`).
struct TimelineEntries {
    fileprivate struct Entry {
        var offset = 0
        var time: JSONValue?
        var id = ""
        var role = ""
        /// The speaker, with the outcome of an answer: `assistant, canceled`.
        var name = ""
        var text = ""
        var output = ""
        /// `open`, `waiting`, `canceled`, `failed`, or empty.
        var state = ""
        /// The effect of a tool call that waits for approval.
        var approval = ""
        /// The effect of an answer that has failed.
        var failed = ""
    }

    private let subject: String
    private let mayDecide: Bool
    private let entries: [Entry]

    /// - Parameter timeline: the entries of the query's answer.
    init(subject: String, timeline: [JSONValue], mayDecide: Bool) {
        self.subject = subject
        self.mayDecide = mayDecide
        entries = timeline.map(Entry.init)
    }

    /// The offset of the newest entry.
    var newestOffset: Int64? { entries.last.map { Int64($0.offset) } }

    var isEmpty: Bool { entries.isEmpty }

    var html: [HTML] { entries.map(html) }

    /// Whether an entry asks for approval of a tool call.
    func asks(about effect: String) -> Bool { entries.contains { $0.approval == effect } }

    /// An empty entry for the script to fill in, and the form for a pending decision if the viewer may decide.
    var templates: HTML {
        let decision: HTML? =
            mayDecide
            ? """
            <template id="decision-template">\(EffectControls.decision(subject, "", arguments: ""))</template>
            <template id="retry-template">\(EffectControls.retry(subject, ""))</template>
            """ : nil
        return #"<template id="entry-template">\#(html(Entry()))</template>\#(decision)"#
    }

    private func html(_ entry: Entry) -> HTML {
        let forms: HTML? =
            if !mayDecide { nil } else if !entry.approval.isEmpty {
                EffectControls.decision(subject, entry.approval, arguments: entry.text)
            } else if !entry.failed.isEmpty { EffectControls.retry(subject, entry.failed) } else { nil }
        return """
            <article class="entry" data-role="\(entry.role)" data-id="\(exact: entry.id)" data-output="\(exact: entry.output)"
            data-state="\(entry.state)">
            <p class="about"><b>\(entry.name)</b> \(PageText.time(entry.time))
            <a class="trace" href="\(PagePath.trace.of(subject, ("id", entry.id)))">Why</a>
            <a class="rewind" href="\(PagePath.conversation.of(subject, ("as_of", String(entry.offset))))">Rewind to here</a></p>
            <div class="text" dir="auto" tabindex="0">\(entry.text)</div>
            \(forms)</article>

            """
    }
}

extension TimelineEntries.Entry {
    /// An entry of the query's answer.
    fileprivate init(_ value: JSONValue) {
        let metadata = value["metadata"]
        offset = value["offset"]?.int ?? 0
        time = value["time"]
        id = value["event_id"]?.string ?? ""
        role = value["role"]?.string ?? ""
        text = PageText.words(value["content"])
        if role == "assistant" {
            output = PageText.words(value["output_id"])
            let state = value["state"]?.string ?? ""
            self.state = state == "completed" ? "" : state
            if state == "failed" { failed = PageText.words(metadata?["effect_id"]) }
            name = "assistant" + Self.outcome(state, value, text)
        } else {
            let tool = value["name"]?.string ?? ""
            name = tool.isEmpty ? role : "\(role) \(tool)"
            if value["kind"]?.string == "approval" {
                name += " asks for approval"
                if value["state"]?.string == "waiting" { approval = PageText.words(metadata?["effect_id"]) }
            }
        }
    }

    /// The text after the speaker: `, failed (config: no model)`, or whether an answer is empty or may be incomplete.
    private static func outcome(_ state: String, _ value: JSONValue, _ text: String) -> String {
        switch state {
        case "failed", "canceled", "waiting":
            let reason = value["reason"]?.string.map { " (\($0))" } ?? ""
            return ", \(state)\(reason)"
        case "completed":
            let reason = PageText.words(value["metadata"]?["finish_reason"])
            let isWhole = ["", "stop", "tool_calls"].contains(reason)
            return (text.contains { !$0.isWhitespace } ? "" : ", no text")
                + (isWhole ? "" : ", may be incomplete (\(reason))")
        default: return ""
        }
    }
}
