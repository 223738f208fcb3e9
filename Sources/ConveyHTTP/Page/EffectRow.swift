import Signals

/// A row of a list of effects: what it is, what it waits for and since when, and the buttons.
struct EffectRow {
    /// An element of the view `effects`.
    let effect: JSONValue
    let mayWrite: Bool
    /// The page that the buttons lead back to.
    let back: PagePath

    static let awaitsApproval = "awaiting_consent"

    var subject: String { effect["subject"]?.string ?? "" }
    var id: String { effect["effect_id"]?.string ?? "" }
    var asksForApproval: Bool { effect["state"]?.string == Self.awaitsApproval }

    var html: HTML {
        let state = effect["state"]?.string ?? ""
        let conversation: HTML? =
            back == .effects ? #"<a href="\#(PagePath.conversation.of(subject))"><bdi>\#(subject)</bdi></a> "# : nil
        let decision: HTML? =
            asksForApproval && mayWrite
            ? EffectControls.decision(subject, id, arguments: wholeArguments, back: back) : nil
        let due = effect["due_at"].map { " · due \(PageText.time($0))" as HTML }
        let attempt = effect["attempt"]?.int ?? 0
        return """
            <li>\(conversation)<b>\(name)</b>
            <span class="badge busy">\(asksForApproval ? "waits for approval" : state)</span>
            <span class="quiet">\(attempt == 0 ? nil : "attempt \(attempt) · " as HTML)since
            \(PageText.time(effect["ordered_at"]))\(due) ·
            <a class="trace" href="\(PagePath.trace.of(subject, ("id", effect["cause"]?.string ?? "")))">why</a> ·
            <code>\(id)</code></span>
            \(arguments)\(decision)\(mayWrite ? EffectControls.cancel(subject, id, back: back) : nil)</li>

            """
    }

    private var name: String {
        if let tool = effect["tool_name"]?.string { return "tool \(tool)" }
        switch effect["class"]?.string {
        case "llm": return "answer"
        case let name?: return name
        case nil: return ""
        }
    }

    /// Nil where the list shows only their beginning.
    private var wholeArguments: String? {
        effect["arguments_bytes"] == nil ? effect["arguments"]?.string : nil
    }

    private var arguments: HTML? {
        guard let text = effect["arguments"]?.string else { return nil }
        let rest: HTML? = effect["arguments_bytes"]?.int.map { "… (\($0) bytes)" }
        return #"<pre class="arguments" dir="ltr" tabindex="0">\#(text)\#(rest)</pre>"#
    }
}
