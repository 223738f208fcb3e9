import Signals

/// How an event of an answer (`conv.out.assistant.*`) changes the answer's entry.
struct AnswerChange {
    enum Kind {
        case piece
        /// A new attempt: discards the text so far.
        case reset
        /// The attempt has failed; the next one follows later.
        case waiting
        case end(TimelineEntry.State)
    }

    let kind: Kind
    let output: ProjectedValue
    /// A piece's text, or the whole text of an end; nil if an end does not contain it.
    let text: String?
    private let event: ProjectionEvent
    private let data: JSONObjectView

    /// Nil for an event of another type.
    init?(_ event: ProjectionEvent) {
        switch event.type {
        case SignalType.assistantDelta: kind = .piece
        case SignalType.assistantReset: kind = .reset
        case SignalType.assistantWaiting: kind = .waiting
        case SignalType.assistantCompleted: kind = .end(.completed)
        case SignalType.assistantFailed: kind = .end(.failed)
        case SignalType.assistantCanceled: kind = .end(.canceled)
        default: return nil
        }
        data = event.members
        self.event = event
        output = ProjectedValue(data["output_id"])
        switch kind {
        case .piece: text = data["delta"]?.orNone?.text ?? ""
        case .end(.completed): text = data["content"]?.orNone?.text ?? ""
        case .end: text = data["content"].flatMap { $0.isBlankString ? nil : $0.orNone?.text }
        case .reset, .waiting: text = nil
        }
    }

    /// The first piece of the first attempt: nothing of its answer precedes it.
    var isFirstPiece: Bool {
        guard case .piece = kind else { return false }
        return Self.number(data["sequence"]) == 0 && Self.number(data["attempt"]) == 1
    }

    /// The first entry of the answer; nil for a reset, which nothing can precede here.
    func entry() -> TimelineEntry? {
        if case .reset = kind { return nil }
        var entry = TimelineEntry(
            eventID: event.id, kind: .message, role: .assistant, content: .text(""), outputID: output,
            channel: ProjectedValue(data["channel"]))
        entry.state = .open
        if case .piece = kind { entry.metadata = metadata }
        apply(to: &entry)
        return entry
    }

    func apply(to entry: inout TimelineEntry) {
        switch kind {
        case .piece:
            entry.content.append(text: text ?? "")
            entry.state = .open
            entry.reason = nil
        case .reset:
            entry.content = .text("")
            entry.state = .open
            entry.reason = nil
            entry.metadata = metadata
        case .waiting:
            entry.state = .waiting
            entry.reason = reason
            entry.metadata = metadata
        case .end(let state):
            if let text { entry.content = .text(text) }
            entry.state = state
            entry.reason = reason
            entry.metadata = metadata
        }
    }

    /// Why it failed, was canceled or waits, for people; nil if no reason is given.
    private var reason: String? {
        let texts: [String?] =
            switch kind {
            case .end(.failed): [data["category"]?.orNone?.text, data["message"]?.orNone?.text]
            case .end(.canceled): [data["reason"]?.orNone?.text]
            case .waiting: [(data["message"]?.orNone ?? data["reason"]?.orNone)?.text]
            case .piece, .reset, .end: []
            }
        let said = texts.compactMap(\.self).filter { !JSONText.isBlank($0) }
        return said.isEmpty ? nil : said.joined(separator: ": ")
    }

    private var metadata: [UInt8] {
        TimelineEntry.metadata(
            data,
            [
                "effect_id", "attempt", "backend", "provider", "model", "finish_reason", "category", "code", "retry_at",
            ])
    }

    private static func number(_ value: JSONSlice?) -> Int? {
        value.flatMap { $0.kind == .integer ? Int(String(decoding: $0.raw, as: UTF8.self)) : nil }
    }
}
