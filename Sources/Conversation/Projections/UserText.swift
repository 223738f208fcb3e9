import Signals

/// The text of a user's message as a model receives it.
public enum UserText {
    /// A text counts as is. Of a list of parts, as OpenAI's clients send it (`[{"type":"text","text":"hi"}]`), the
    /// texts count, one line each; parts of other types are left out. Anything else is spelled as in the timeline: a
    /// number as its digits, an object as its JSON.
    ///
    /// - Parameter data: of a `conv.in.message.received`: `content`, otherwise `text`, `body` or `message`.
    static func text(of data: JSONObjectView) -> String {
        guard let said = firstPresent(data["content"], data["text"], data["body"], data["message"])?.orNone else {
            return ""
        }
        return parts(said) ?? ProjectedValue(said).text
    }

    /// - Parameter data: of a `conv.in.message.received`.
    public static func text(_ data: [UInt8]) -> String { JSONObjectView(data).map { text(of: $0) } ?? "" }

    /// Whether the message has no text for a model. Such a message is recorded but not sent to a model.
    public static func isEmpty(_ data: [UInt8]) -> Bool {
        JSONText.isBlank(text(data))
    }

    /// The texts of a part or of a list of parts; nil for anything else.
    private static func parts(_ value: JSONSlice) -> String? {
        let parts = (value.elements ?? [value]).map { ($0, $0.object) }
        guard parts.contains(where: { $1?["type"]?.kind == .string }) else { return nil }
        return parts.compactMap { part, object in object.map { $0["text"]?.string } ?? part.string }
            .joined(separator: "\n")
    }
}
