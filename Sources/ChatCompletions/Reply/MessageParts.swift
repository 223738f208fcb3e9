import Signals

/// Reads a text of a reply: a string, or a list of parts as Mistral's reasoning models send it:
/// `[{"type":"thinking","thinking":[{"type":"text","text":"…"}]},{"type":"text","text":"…"}]`.
enum MessageParts {
    /// Appends the texts in order, except empty ones. Parts without text (pictures, references) are skipped.
    ///
    /// - Parameters:
    ///   - isThinking: the kind of text whose part does not say.
    ///   - name: of the member, for the fault.
    static func read(
        _ value: JSONSlice?, isThinking: Bool, _ name: StaticString, into pieces: inout [ChatDelta]
    ) throws(ReplyFault) {
        guard let value else { return }
        switch value.kind {
        case .null: return
        case .string, .array, .object: append(value, isThinking: isThinking, to: &pieces)
        case .true, .false, .integer, .fraction: throw .unexpected(name.description)
        }
    }

    private static func append(_ value: JSONSlice, isThinking: Bool, to pieces: inout [ChatDelta]) {
        if let text = value.string {
            if !text.isEmpty { pieces.append(isThinking ? .thinking(text) : .content(text)) }
        } else if let elements = value.elements {
            for element in elements { append(element, isThinking: isThinking, to: &pieces) }
        } else if let part = value.object {
            let isThought = isThinking || part["type"]?.string.map(thoughtTypes.contains) ?? false
            for name: StaticString in isThought ? ["thinking", "reasoning", "text"] : ["text", "refusal"] {
                guard let text = part[name], text.kind != .null else { continue }
                return append(text, isThinking: isThought, to: &pieces)
            }
        }
    }

    private static let thoughtTypes: Set<String> = ["thinking", "reasoning", "thought"]
}
