import Conversation
import Signals

/// The part of a reply received so far.
struct ChatReply: Sendable {
    private let limits: ChatLimits
    /// Maximum tokens that the model may write; nil if no limit was requested.
    private let maxTokens: Int?
    /// Empty after the text was dropped, see `ReplyTextBudget`.
    private(set) var content = ""
    private(set) var thinking = ""
    private let room: ReplyTextBudget.Share
    private var isTextKept = true
    private var textBytes = 0
    /// Whether the content has more than white space.
    private var hasWords = false
    private(set) var finishReason: String?
    /// `[DONE]` has arrived.
    private(set) var isDone = false
    private var toolCalls = ToolCallAssembler()
    private var toolBytes = 0
    /// The members that the provider expects back with the message, and the member with its reasoning.
    private var members = OpaqueMembers()
    private var memberBytes = 0
    private var reasoningMember: String?
    private var usage: ChatUsage?
    private var model: String?
    private var responseID: String?

    init(limits: ChatLimits, maxTokens: Int? = nil, budget: ReplyTextBudget = ReplyTextBudget()) {
        self.limits = limits
        room = ReplyTextBudget.Share(of: budget)
        self.maxTokens = maxTokens
    }

    /// Whether the model has produced any output.
    var hasOutput: Bool { textBytes > 0 || toolCalls.count > 0 }

    /// Processes an event of a stream; appends its text.
    mutating func add(_ event: ServerSentEvent, into deltas: inout [ChatDelta]) throws(ReplyFault) {
        let data = event.data.trimmed
        // An event without data keeps a connection open.
        guard !isDone, !data.isEmpty else { return }
        if data.elementsEqual("[DONE]".utf8) {
            isDone = true
            guard finishReason != nil else { throw .noFinishReason }
            return
        }
        let isOther = event.type.map { $0 != "message" && $0 != "error" } ?? false
        if !Self.startsJSON(data) {
            // Events of a server's own type may carry anything; any other text is the server's reason for failing.
            if isOther { return }
            throw .reported(ProviderError(text: data))
        }
        let chunk = try Self.object(event.data)
        if event.type == "error" { throw .reported(ProviderError(in: chunk) ?? ProviderError(of: chunk)) }
        try add(chunk, member: "delta", mayBeError: !isOther, into: &deltas)
    }

    /// Processes a reply that is not streamed; appends its text.
    mutating func add(whole body: [UInt8], into deltas: inout [ChatDelta]) throws(ReplyFault) {
        let reply: JSONObjectView
        do throws(ReplyFault) { reply = try Self.object(body) } catch {
            // An error's body may be an array (Gemini), a string, or cut off in the middle.
            guard let error = ProviderError(body: body), error.message != nil else { throw error }
            throw .reported(error)
        }
        try add(reply, member: "message", mayBeError: true, into: &deltas)
    }

    /// The complete reply.
    func outcome(provider: String) throws(ReplyFault) -> ChatOutcome {
        guard var finishReason else { throw .noFinishReason }
        let calls = toolCalls.complete
        switch FinishReason(finishReason) {
        case .failed: throw .failed(finishReason: finishReason)
        case .cut: guard calls.isEmpty else { throw .incompleteToolCalls(finishReason: finishReason) }
        case .stop: break
        case .toolCalls where calls.isEmpty:
            // The server's parser found no call in the model's output: then it is text.
            guard hasWords else { throw .noToolCalls }
            finishReason = "stop"
        case .toolCalls: break
        }
        if hasReachedLimit, !toolCalls.areWhole { throw .incompleteToolCalls(finishReason: "length") }
        guard calls.allSatisfy({ !$0.name.isEmpty }) else { throw .unnamedToolCall }
        return ChatOutcome(
            content: content, thinking: thinking, isTextKept: isTextKept, finishReason: finishReason, toolCalls: calls,
            usage: usage, model: model, responseID: responseID, provider: provider, members: members.object,
            reasoningMember: reasoningMember)
    }

    /// Whether the model has written the maximum number of tokens. vLLM reports `tool_calls` at the end of a stream
    /// even then.
    private var hasReachedLimit: Bool {
        guard let maxTokens, let used = usage?.completionTokens else { return false }
        return used >= maxTokens
    }

    // MARK: Members

    /// - Parameter mayBeError: whether an object that is not a chunk and has a message is an error.
    private mutating func add(
        _ chunk: JSONObjectView, member: StaticString, mayBeError: Bool, into deltas: inout [ChatDelta]
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
        guard let choices = chunk["choices"]?.elements else {
            guard mayBeError, let error = ProviderError(insteadOfReply: chunk) else { return }
            throw .reported(error)
        }
        // Only one choice is requested. A chunk with only the usage has none.
        guard let choice = choices.lazy.compactMap(\.object).first(where: { ($0["index"]?.integer ?? 0) == 0 })
        else { return }
        if let message = choice[member]?.object { try add(message, into: &deltas) }
        if let error = ProviderError(in: choice) { throw .reported(error) }
        if let reason = choice["finish_reason"]?.string, !reason.isEmpty { end(reason) }
    }

    /// A server may end a reply twice: a plain stop does not override an earlier reason.
    private mutating func end(_ reason: String) {
        if finishReason == nil || FinishReason(reason) != .stop { finishReason = reason }
    }

    /// Adds a `delta` or a `message`.
    private mutating func add(_ message: JSONObjectView, into deltas: inout [ChatDelta]) throws(ReplyFault) {
        try addReasoning(message, into: &deltas)
        for name: StaticString in ["content", "refusal"] {
            var pieces: [ChatDelta] = []
            try MessageParts.read(message[name], isThinking: false, name, into: &pieces)
            take(pieces, into: &deltas)
        }
        memberBytes += members.add(ofMessage: message)
        if let fragments = message["tool_calls"]?.elements {
            for fragment in fragments {
                guard let fragment = fragment.object else { throw .unexpected("tool_calls") }
                toolBytes += toolCalls.add(fragment)
            }
        }
        // The name of tool calls before there could be several.
        if let call = message["function_call"]?.object { toolBytes += toolCalls.add(onlyCall: call) }
        guard toolCalls.count <= limits.toolCalls else { throw .tooManyToolCalls(limit: limits.toolCalls) }
        guard textBytes + toolBytes + memberBytes <= limits.textBytes else {
            throw .textTooLarge(limit: limits.textBytes)
        }
    }

    /// Reasoning has two names; a server that sends both repeats itself.
    private mutating func addReasoning(
        _ message: JSONObjectView, into deltas: inout [ChatDelta]
    ) throws(ReplyFault) {
        for name in ProviderMembers.Reasoning.members {
            guard let value = message[name], value.kind != .null else { continue }
            var pieces: [ChatDelta] = []
            try MessageParts.read(value, isThinking: true, name, into: &pieces)
            if value.kind == .string, reasoningMember == nil || !pieces.isEmpty { reasoningMember = name.description }
            guard !pieces.isEmpty else { continue }
            return take(pieces, into: &deltas)
        }
    }

    private mutating func take(_ pieces: [ChatDelta], into deltas: inout [ChatDelta]) {
        for piece in pieces {
            switch piece {
            case .content(let text):
                hasWords = hasWords || text.contains { !$0.isWhitespace }
                if keeps(text) { content += text }
            case .thinking(let text): if keeps(text) { thinking += text }
            }
        }
        deltas += pieces
    }

    /// Counts a piece. If there is no room for it, the whole text is dropped.
    private mutating func keeps(_ text: String) -> Bool {
        textBytes += text.utf8.count
        guard isTextKept else { return false }
        if room.grow(by: text.utf8.count) { return true }
        isTextKept = false
        content = ""
        thinking = ""
        room.giveBack()
        return false
    }

    // MARK: JSON

    private static func object(_ bytes: [UInt8]) throws(ReplyFault) -> JSONObjectView {
        if let object = JSONObjectView(bytes) { return object }
        do throws(JSONError) { _ = try JSONSlice(bytes) } catch {
            // As a UTF-8 decoder would read it (WHATWG Encoding).
            if case .invalidUTF8 = error, let object = JSONObjectView(bytes.validUTF8) { return object }
            throw .malformed(error)
        }
        throw .malformed(nil)
    }

    /// Whether it is possibly broken JSON, and not other text.
    private static func startsJSON(_ data: ArraySlice<UInt8>) -> Bool {
        data.first == UInt8(ascii: "{") || data.first == UInt8(ascii: "[")
    }
}

extension [UInt8] {
    /// Without white space around it.
    var trimmed: ArraySlice<UInt8> {
        let rest = drop { $0 <= 0x20 }
        return rest.prefix(through: rest.lastIndex { $0 > 0x20 } ?? rest.startIndex - 1)
    }

    /// With U+FFFD in place of invalid UTF-8.
    var validUTF8: [UInt8] { Array(String(decoding: self, as: UTF8.self).utf8) }
}
