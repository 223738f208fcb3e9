import MQTTTransport
import Terminal

/// How `convey tail` shows a message as one line.
enum TailLine {
    /// Maximum characters shown of an event's text.
    static let textLimit = 60

    /// `18:40:38.123  chat-42  out/assistant.delta  0190…  "hi "`. A payload that is not a CloudEvent is shown with its topic.
    static func text(_ message: ReceivedMessage, now: String) -> String {
        guard let event = PublishedEvent(payload: message.payload) else {
            let payload = String(decoding: message.payload.prefix(textLimit), as: UTF8.self)
            return "\(clock(now))  \(message.topic)  \(PrintableText.quoted(payload))"
        }
        let fields = [
            clock(event.time ?? now), event.subject, kind(event.type), event.id, summary(of: event),
        ]
        return fields.filter { !$0.isEmpty }.joined(separator: "  ")
    }

    /// `conv.out.assistant.delta` as `out/assistant.delta`.
    private static func kind(_ type: String) -> String {
        let words = type.split(separator: ".", maxSplits: 2)
        return words.count == 3 && words[0] == "conv" ? "\(words[1])/\(words[2])" : type
    }

    private static func summary(of event: PublishedEvent) -> String {
        guard let text = event.delta ?? event.content ?? event.reason else { return "" }
        let shown = text.count > textLimit ? text.prefix(textLimit) + "…" : Substring(text)
        return PrintableText.quoted(String(shown))
    }

    /// The time of day out of an RFC 3339 time.
    private static func clock(_ time: String) -> String {
        guard let t = time.firstIndex(of: "T") else { return time }
        return String(time[time.index(after: t)...].prefix { $0 != "Z" && $0 != "+" }.prefix(12))
    }
}
