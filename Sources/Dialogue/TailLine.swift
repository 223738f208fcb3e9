import Signals
import Terminal

/// How `convey tail` shows a message as one line.
package enum TailLine {
    /// Maximum characters shown of an event's text.
    package static let textLimit = 60
    /// Maximum characters shown of a reason.
    package static let noteLimit = 200

    /// The header above the lines: what their parts are. Only the time has a fixed width.
    package static let header = StyledText("TIME          SUBJECT  EVENT  ID  SUMMARY", .bold)

    /// `18:40:38.123  chat-42  out/assistant.delta  0190…  "hi "`. A payload that is not a CloudEvent is shown with its topic.
    package static func text(topic: String, _ payload: [UInt8], now: String) -> String {
        // Anybody may publish there.
        let json = try? JSONValue(payload)
        guard let json, let event = PublishedEvent(payload: payload) else {
            let payload = String(decoding: payload.prefix(textLimit), as: UTF8.self)
            return "\(clock(now))  \(topic)  \(PrintableText.quoted(payload))"
        }
        let fields = [
            clock(event.time ?? now), event.subject, kind(event.type), event.id, summary(of: json["data"]),
        ]
        return fields.filter { !$0.isEmpty }.joined(separator: "  ")
    }

    /// `conv.out.assistant.delta` as `out/assistant.delta`.
    private static func kind(_ type: String) -> String {
        let words = type.split(separator: ".", maxSplits: 2)
        return words.count == 3 && words[0] == "conv" ? "\(words[1])/\(words[2])" : type
    }

    private static func summary(of data: JSONValue?) -> String {
        switch EventSummary(data) {
        case .text(let text): PrintableText.quoted(cut(text, to: textLimit))
        case .note(let note): PrintableText.line(cut(note, to: noteLimit))
        case nil: ""
        }
    }

    private static func cut(_ text: String, to limit: Int) -> String {
        text.count > limit ? text.prefix(limit) + "…" : text
    }

    /// The time of day out of an RFC 3339 time.
    private static func clock(_ time: String) -> String {
        guard let t = time.firstIndex(of: "T") else { return time }
        return String(time[time.index(after: t)...].prefix { $0 != "Z" && $0 != "+" }.prefix(12))
    }
}
