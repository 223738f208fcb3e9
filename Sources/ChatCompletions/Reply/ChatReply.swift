import Conversation

/// What is wrong with a reply.
enum ReplyFault: Error, Equatable {
    /// It is no JSON object.
    case malformed(JSONError?)
    /// A member is not what the format says.
    case unexpected(String)
    /// The provider reports an error inside the reply.
    case reported(ProviderError)
    case textTooLarge(limit: Int)
    case tooManyToolCalls(limit: Int)
    case noFinishReason
}

/// A reply as far as it has come.
struct ChatReply: Sendable {
    private let limits: ChatLimits
    private(set) var content = ""
    private(set) var thinking = ""
    private(set) var finishReason: String?
    /// `[DONE]` has come.
    private(set) var isDone = false
    private var toolCalls = ToolCallAssembler()
    private var toolBytes = 0
    private var usage: ChatUsage?
    private var model: String?
    private var responseID: String?

    init(limits: ChatLimits) {
        self.limits = limits
    }

    /// Whether the model has said anything.
    var hasOutput: Bool { !content.isEmpty || !thinking.isEmpty || toolCalls.count > 0 }

    /// Takes in an event of a stream; appends what it adds to the text.
    mutating func add(_ event: ServerSentEvent, into deltas: inout [ChatDelta]) throws(ReplyFault) {
        guard !isDone else { return }
        if event.data.count < 16, event.data.trimmed.elementsEqual("[DONE]".utf8) {
            isDone = true
            guard finishReason != nil else { throw .noFinishReason }
            return
        }
        let chunk = try Self.object(event.data)
        if event.type == "error" { throw .reported(ProviderError(in: chunk) ?? ProviderError(of: chunk)) }
        try add(chunk, member: "delta", into: &deltas)
    }

    /// Takes in a reply that is not streamed; appends its text.
    mutating func add(whole body: [UInt8], into deltas: inout [ChatDelta]) throws(ReplyFault) {
        try add(try Self.object(body), member: "message", into: &deltas)
    }

    /// The complete reply.
    func outcome(provider: String) throws(ReplyFault) -> ChatOutcome {
        guard let finishReason else { throw .noFinishReason }
        return ChatOutcome(
            content: content, thinking: thinking, finishReason: finishReason, toolCalls: toolCalls.complete,
            usage: usage, model: model, responseID: responseID, provider: provider)
    }

    // MARK: Members

    private mutating func add(
        _ chunk: JSONObjectView, member: StaticString, into deltas: inout [ChatDelta]
    ) throws(ReplyFault) {
        if let error = ProviderError(in: chunk) { throw .reported(error) }
        if model == nil { model = chunk["model"]?.string }
        if responseID == nil { responseID = chunk["id"]?.string }
        if let reported = chunk["usage"]?.object {
            usage = ChatUsage(
                promptTokens: reported["prompt_tokens"]?.integer,
                completionTokens: reported["completion_tokens"]?.integer,
                totalTokens: reported["total_tokens"]?.integer)
        }
        // Only one choice is asked for.
        guard let choices = chunk["choices"]?.elements,
            let choice = choices.lazy.compactMap(\.object).first(where: { ($0["index"]?.integer ?? 0) == 0 })
        else { return }
        if let message = choice[member]?.object { try add(message, into: &deltas) }
        if let reason = choice["finish_reason"]?.string, !reason.isEmpty { finishReason = reason }
    }

    /// Adds a `delta` or a `message`.
    private mutating func add(_ message: JSONObjectView, into deltas: inout [ChatDelta]) throws(ReplyFault) {
        // Two names for the same; who sends both repeats itself.
        for name: StaticString in ["reasoning_content", "reasoning"] {
            guard let text = try text(message[name], name) else { continue }
            thinking += text
            deltas.append(.thinking(text))
            break
        }
        for name: StaticString in ["content", "refusal"] {
            guard let text = try text(message[name], name) else { continue }
            content += text
            deltas.append(.content(text))
        }
        if let fragments = message["tool_calls"]?.elements {
            for fragment in fragments {
                guard let fragment = fragment.object else { throw .unexpected("tool_calls") }
                toolBytes += toolCalls.add(fragment)
            }
        }
        guard toolCalls.count <= limits.toolCalls else { throw .tooManyToolCalls(limit: limits.toolCalls) }
        guard content.utf8.count + thinking.utf8.count + toolBytes <= limits.textBytes else {
            throw .textTooLarge(limit: limits.textBytes)
        }
    }

    /// A text that is not empty; nil where there is none.
    private func text(_ value: JSONSlice?, _ name: StaticString) throws(ReplyFault) -> String? {
        guard let value, value.kind != .null else { return nil }
        guard let text = value.string else { throw .unexpected(name.description) }
        return text.isEmpty ? nil : text
    }

    private static func object(_ bytes: [UInt8]) throws(ReplyFault) -> JSONObjectView {
        if let object = JSONObjectView(bytes) { return object }
        do throws(JSONError) { _ = try JSONSlice(bytes) } catch { throw .malformed(error) }
        throw .malformed(nil)
    }
}

extension [UInt8] {
    /// Without white space around it.
    fileprivate var trimmed: ArraySlice<UInt8> {
        let rest = drop { $0 <= 0x20 }
        return rest.prefix(through: rest.lastIndex { $0 > 0x20 } ?? rest.startIndex - 1)
    }
}
