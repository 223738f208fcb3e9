import Signals

/// The entries of a timeline and the outcome of its answers, as the page shows them. The script (page.js) does the same with later
/// events: it works on what the reader already sees, so it cannot share this code, but it fills in this markup (`template`).
struct TimelineEntries {
    fileprivate struct Entry {
        var offset: Int
        var time: JSONValue?
        var id: String
        var role: String
        /// The speaker, with the outcome of an answer: `assistant, canceled`.
        var name: String
        var text: String
        var output = ""
        /// The offset of the newest piece.
        var newest = 0
        /// `open`, `waiting`, `canceled`, `failed`, or empty.
        var state = ""
        /// The effect of a tool call that waits for approval.
        var waiting = ""
    }

    private let subject: String
    private let mayDecide: Bool
    private var entries: [Entry] = []

    init(subject: String, timeline: [JSONValue], ends: AnswerEnds, mayDecide: Bool) {
        self.subject = subject
        self.mayDecide = mayDecide
        let whole = ends.wholeLater.union(
            timeline.filter { $0["kind"]?.string == "message" }.compactMap { $0["output_id"]?.string })
        let resets = Dictionary(
            ends.events.filter { $0["type"]?.string == SignalType.assistantReset }
                .map { ($0["data"]?["output_id"]?.string ?? "", $0["offset"]?.int ?? 0) }, uniquingKeysWith: max)
        for value in timeline {
            let output = value["output_id"]?.string ?? ""
            let isPiece = value["kind"]?.string == "delta"
            // Neither pieces of complete answers nor pieces of earlier attempts are shown.
            if isPiece, whole.contains(output) || value["offset"]?.int ?? 0 < resets[output] ?? 0 { continue }
            add(value, output, isPiece: isPiece, ends)
        }
        for event in ends.events { apply(event, ends) }
        entries.sort { $0.offset < $1.offset }
    }

    /// Leaves out the oldest entries.
    /// - Returns: the offset of the oldest entry that is kept; nil if none was left out.
    mutating func keep(last limit: Int) -> Int? {
        guard entries.count > limit else { return nil }
        entries.removeFirst(entries.count - limit)
        return entries.first?.offset
    }

    /// The offset of the newest entry.
    var newestOffset: Int64? { entries.last.map { Int64($0.offset) } }

    var isEmpty: Bool { entries.isEmpty }

    var html: [HTML] { entries.map(html) }

    /// An empty entry for the script to fill in, and the form of an open decision for those who may decide.
    var templates: HTML {
        let decision: HTML? =
            mayDecide
            ? #"<template id="decision-template">\#(EffectControls.decision(subject, ""))</template>"# : nil
        let blank = Entry(offset: 0, time: nil, id: "", role: "", name: "", text: "")
        return #"<template id="entry-template">\#(html(blank))</template>\#(decision)"#
    }

    private mutating func add(_ value: JSONValue, _ output: String, isPiece: Bool, _ ends: AnswerEnds) {
        let role = value["role"]?.string ?? ""
        let tool = PageText.words(value["metadata"]?["tool_name"])
        let text = PageText.words(value["content"])
        if isPiece, let index = index(of: output) {
            entries[index].text += text
            entries[index].newest = value["offset"]?.int ?? 0
            return
        }
        let end = value["kind"]?.string == "message" ? Self.end(value, role: role, text: text) : ""
        let effect = value["metadata"]?["effect_id"]?.string ?? ""
        entries.append(
            Entry(
                offset: value["offset"]?.int ?? 0, time: value["time"], id: value["event_id"]?.string ?? "", role: role,
                name: tool.isEmpty ? role + end : "\(role) \(tool)", text: text, output: output,
                newest: value["offset"]?.int ?? 0, state: isPiece && ends.openEffects.contains(effect) ? "open" : ""))
    }

    private mutating func apply(_ event: JSONValue, _ ends: AnswerEnds) {
        let data = event["data"] ?? .null
        let output = data["output_id"]?.string ?? ""
        let isOnPage = event["offset"]?.int ?? 0 < ends.end
        guard isOnPage || index(of: output) != nil else { return }
        switch event["type"]?.string {
        case SignalType.assistantCanceled: end(event, output, "canceled", PageText.words(data["reason"]))
        case SignalType.assistantFailed:
            let words = [data["category"], data["message"]].map(PageText.words).filter { !$0.isEmpty }
            end(event, output, "failed", words.joined(separator: ": "))
        case SignalType.assistantWaiting where ends.openEffects.contains(PageText.words(data["effect_id"])):
            // Later pieces belong to the next attempt.
            if let index = index(of: output), entries[index].newest > event["offset"]?.int ?? 0 { break }
            end(event, output, "waiting", PageText.words(data["message"]))
        case SignalType.toolApprovalRequested where isOnPage:
            let effect = PageText.words(data["effect_id"])
            var entry = Entry(event, role: "tool", name: "tool \(PageText.words(data["tool_name"])) asks for approval")
            entry.text = PageText.words(data["arguments"])
            if ends.openEffects.contains(effect) { entry.waiting = effect }
            entries.append(entry)
        default: break
        }
    }

    private mutating func end(_ event: JSONValue, _ output: String, _ state: String, _ reason: String) {
        let name = reason.isEmpty ? "assistant, \(state)" : "assistant, \(state) (\(reason))"
        if let index = index(of: output) {
            entries[index].state = state
            entries[index].name = name
        } else {
            var entry = Entry(event, role: "assistant", name: name)
            entry.output = output
            entry.state = state
            entry.text = PageText.words(event["data"]?["content"])
            entries.append(entry)
        }
    }

    /// Marks an answer that is empty or may not be complete: `, no text`, `, may be incomplete (length)`.
    private static func end(_ value: JSONValue, role: String, text: String) -> String {
        guard role == "assistant" else { return "" }
        let reason = PageText.words(value["metadata"]?["finish_reason"])
        let isWhole = ["", "stop", "tool_calls"].contains(reason)
        return (text.contains { !$0.isWhitespace } ? "" : ", no text")
            + (isWhole ? "" : ", may be incomplete (\(reason))")
    }

    private func index(of output: String) -> Int? {
        output.isEmpty ? nil : entries.lastIndex { $0.output == output && $0.role == "assistant" }
    }

    private func html(_ entry: Entry) -> HTML {
        let forms: HTML? = entry.waiting.isEmpty || !mayDecide ? nil : EffectControls.decision(subject, entry.waiting)
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
    fileprivate init(_ event: JSONValue, role: String, name: String) {
        self.init(
            offset: event["offset"]?.int ?? 0, time: event["time"], id: event["id"]?.string ?? "", role: role,
            name: name,
            text: "")
    }
}
