import Signals

/// The messages of a request in the form that the strictest server accepts, whatever the journal contains. A history is sent
/// with every later request, so one text that a server refuses would end the conversation.
///
/// - The system prompt comes first. Then users and assistant alternate, beginning with a user; consecutive messages of
///   one role are merged, with a blank line between their texts.
/// - No text is empty: such messages are left out, and the result of a tool that returned nothing says so.
/// - An assistant's message that calls tools is followed by one result per call, in the order of the calls, and then by
///   the assistant again.
/// - Call ids are unique in the whole request; some servers restart the numbering of calls in each reply. A repeated id
///   is replaced by one derived from its place, so that the next request has the same one.
/// - Arguments are JSON objects, and tool names are valid.
/// - The last message is a user's or a tool's.
public struct RequestMessages: Sendable, Equatable {
    /// Placeholder for a user's message if the first message that fits is the assistant's.
    public static let omission = "(earlier messages are left out)"
    /// Placeholder for an answer that never came, if a user's message follows tool results.
    public static let noAnswer = "(there was no answer)"
    /// Placeholder for a user's message if the last one is the assistant's.
    public static let goOn = "(please go on)"
    /// The result of a tool that returned no text.
    public static let emptyResult = "The tool returned nothing."

    public private(set) var messages: [ChatMessage] = []
    /// Whether a user's message or a tool's result waits for an answer.
    public private(set) var hasQuestion = false
    private var callIDs: Set<ExactText> = []

    /// - Parameter history: in order; tool results directly after the message that requested them.
    public init(_ history: [ChatMessage]) {
        addSystem(history)
        var rest = history.filter { $0.role != .system }[...]
        while let message = rest.popFirst() {
            switch message.role {
            case .user: addUser(message)
            case .assistant:
                let results = rest.prefix { $0.role == .tool }
                rest = rest.dropFirst(results.count)
                addAssistant(message, results: results)
            // A result that no call before it requested.
            case .tool, .system: break
            }
        }
        hasQuestion = messages.last.map { $0.role == .user || $0.role == .tool } ?? false
        if messages.last?.role == .assistant { messages.append(ChatMessage(role: .user, content: Self.goOn)) }
        dropReasoning()
    }

    private mutating func addSystem(_ history: [ChatMessage]) {
        let prompts = history.filter { $0.role == .system && !JSONText.isBlank($0.content) }.map(\.content)
        guard !prompts.isEmpty else { return }
        messages.append(ChatMessage(role: .system, content: prompts.joined(separator: "\n\n")))
    }

    private mutating func addUser(_ message: ChatMessage) {
        guard !JSONText.isBlank(message.content) else { return }
        switch messages.last?.role {
        case .user: messages[messages.count - 1].content += "\n\n\(message.content)"
        case .tool:
            messages.append(ChatMessage(role: .assistant, content: Self.noAnswer))
            messages.append(message)
        case .assistant, .system, .none: messages.append(message)
        }
    }

    private mutating func addAssistant(_ message: ChatMessage, results: ArraySlice<ChatMessage>) {
        guard !message.toolCalls.isEmpty || !JSONText.isBlank(message.content) else { return }
        var message = message
        if JSONText.isBlank(message.content) { message.content = "" }
        if let last = messages.last, last.role == .assistant {
            // A message with calls is followed by their results, so this one is text alone.
            messages.removeLast()
            message.content = message.content.isEmpty ? last.content : "\(last.content)\n\n\(message.content)"
        } else if messages.last.map({ $0.role == .system }) ?? true {
            messages.append(ChatMessage(role: .user, content: Self.omission))
        }
        var answers: [ChatMessage] = []
        for index in message.toolCalls.indices {
            let asked = message.toolCalls[index].id
            message.toolCalls[index] = called(message.toolCalls[index], index, of: message)
            let found = results.first { $0.toolCallID.map(ExactText.init) == ExactText(asked) }
            var answer = found ?? ChatMessage(role: .tool, content: ChatTurn.danglingResult)
            if JSONText.isBlank(answer.content) { answer.content = Self.emptyResult }
            answer.toolCallID = message.toolCalls[index].id
            answers.append(answer)
        }
        messages.append(message)
        messages += answers
    }

    private mutating func called(
        _ call: ToolCall, _ index: Int, of message: ChatMessage
    ) -> ToolCall {
        var call = call
        if JSONText.isBlank(call.id) || callIDs.contains(ExactText(call.id)) {
            var place = message.eventID ?? "\(messages.count)"
            repeat {
                place += "-\(index)"
                call.id = Self.callID(place)
            } while callIDs.contains(ExactText(call.id))
        }
        callIDs.insert(ExactText(call.id))
        call.name = Self.toolName(call.name)
        call.arguments = ToolArguments(call.arguments).object
        return call
    }

    /// An id derived from a text that every server accepts: Mistral requires nine letters and digits.
    public static func callID(_ text: String) -> String {
        var hash = StableHash()
        hash.combine(text)
        let digits = String(hash.value, radix: 36)
        return String(repeating: "0", count: max(0, 9 - digits.count)) + digits.suffix(9)
    }

    /// The name with each invalid character replaced by `_`, cut to the maximum length.
    private static func toolName(_ name: String) -> String {
        let allowed = name.unicodeScalars.prefix(toolNameLimit).map { scalar -> Character in
            switch scalar {
            case "a"..."z", "A"..."Z", "0"..."9", "_", "-": Character(scalar)
            default: "_"
            }
        }
        return allowed.isEmpty ? "unknown" : String(allowed)
    }

    /// Characters of a tool's name, by OpenAI's reference.
    private static let toolNameLimit = 64

    /// Reasoning is sent back if tools were called between a user's message and the next, as DeepSeek requires;
    /// elsewhere it is ignored or, by older models, refused.
    private mutating func dropReasoning() {
        var start = messages.startIndex
        while start < messages.endIndex {
            let end = messages[(start + 1)...].firstIndex { $0.role == .user } ?? messages.endIndex
            if !messages[start..<end].contains(where: { !$0.toolCalls.isEmpty }) {
                for index in start..<end { messages[index].providerMembers?.reasoning = nil }
            }
            start = end
        }
    }
}
