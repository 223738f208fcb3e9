import Signals

/// A conversation as a language model receives it. It advances one event at a time, and its content depends only on the
/// events, not on how they arrived.
///
/// An answer is recorded more than once: as the end of its generation (`conv.effect.llm.generation.*`) and as the
/// output that follows from it (`conv.out.assistant.*`). `Options.answers` selects which of them counts, so none
/// appears twice:
///
/// | event | `.outputs` | `.effects` |
/// |---|---|---|
/// | `conv.in.message.received` | user | user, once its generation starts; see below |
/// | `conv.out.assistant.delta` | assistant, if `includesDeltas`; joined as in the timeline | |
/// | `conv.out.assistant.completed` | assistant | assistant, unless the generation it names has ended already |
/// | `conv.out.tool.status` | tool, if `includesToolStatus` | |
/// | `conv.effect.llm.generation.started` | | places the message that it answers |
/// | `conv.effect.llm.generation.completed` | | assistant, with its tool calls |
/// | `conv.effect.llm.generation.canceled` | | assistant with the text so far, if `keepsCanceledText` |
/// | `conv.effect.llm.generation.failed` | | ends the generation without a message |
/// | `conv.effect.tool.execution.completed`, `failed`, `canceled` | | tool, after the message that called it |
///
/// With `.outputs` the view is what people were shown, as the reference vectors fix it. Requests to a model need
/// `.effects`, because outputs carry no tool calls. There the output of a generation comes after the generation's end
/// and adds nothing, while an output that belongs to no generation is a message of its own (a person answers in the
/// assistant's place, an external runner publishes nothing else). Of several ends of one generation, and of several
/// results of one call, the first counts.
///
/// With `.effects` a user's message stands where its generation (`llm-generation-{id of the message}`) starts, not
/// where it was recorded: the model sees messages that wait for each other as question, answer, question. Without a
/// start, the message stands at its generation's end. If that end is `failed`, the message was rejected, and no model
/// receives it until its answer is retried. A message whose generation has neither started nor ended is not yet part of
/// the context.
public struct LLMContextProjection: Sendable {
    public struct Options: Sendable {
        /// The source of the assistant's messages; see `LLMContextProjection`.
        public enum Answers: Sendable {
            case outputs, effects
        }

        public var answers: Answers
        public var includesDeltas: Bool
        public var includesToolStatus: Bool
        public var keepsCanceledText: Bool
        /// Maximum messages to show, keeping the newest; 0 or less for no limit.
        public var maxMessages: Int
        /// Maximum messages to keep, each with its tool results; nil keeps all.
        public var retainedMessages: Int?

        /// The defaults are those of the reference vectors.
        public init(
            answers: Answers = .outputs, includesDeltas: Bool = false, includesToolStatus: Bool = true,
            keepsCanceledText: Bool = false, maxMessages: Int = 40, retainedMessages: Int? = nil
        ) {
            self.answers = answers
            self.includesDeltas = includesDeltas
            self.includesToolStatus = includesToolStatus
            self.keepsCanceledText = keepsCanceledText
            self.maxMessages = maxMessages
            self.retainedMessages = retainedMessages
        }

        /// For requests to a model. Keeps as many messages as it shows, so memory does not grow with the conversation.
        public static func request(maxMessages: Int = 40) -> Options {
            Options(
                answers: .effects, keepsCanceledText: true, maxMessages: maxMessages,
                retainedMessages: maxMessages > 0 ? maxMessages : nil)
        }
    }

    public let options: Options
    private var place = ReadingPlace()
    private var turns: RecentElements<ChatTurn>
    /// The delta that the last turn was made from, with those that joined it; nil if the last entry was not a delta.
    private var lastDelta: TimelineEntry?
    private var coalescer = TokenCoalescer()
    private var generations = GenerationLedger()
    private var waiting = WaitingMessages()

    public init(options: Options = Options()) {
        self.options = options
        turns = RecentElements(limit: options.retainedMessages)
    }

    /// The context of events in record order.
    public init(of events: some Sequence<ProjectionEvent>, options: Options = Options()) {
        self.init(options: options)
        for event in events { apply(event) }
    }

    /// The offset of the newest event applied, 0 before the first: later events are still to be applied.
    public var appliedOffset: Int64 { place.offset }

    /// Number of messages kept, each with its tool results.
    public var messageCount: Int { turns.end - turns.start }

    /// Whether a message is known whose generation has not started yet.
    ///
    /// - Parameter generation: the effect's id.
    public func isWaiting(for generation: String) -> Bool { waiting.contains(generation) }

    /// Whether a generation's message waits, or the generation has started or ended: then its end has the same effect
    /// here as in a context of all events. Generations that ended long ago may be forgotten.
    public func knows(generation: String) -> Bool { isWaiting(for: generation) || generations.knows(generation) }

    /// Approximate memory of the texts, for a cache of contexts. O(n) in the number of messages.
    public var textBytes: Int { waiting.textBytes + turns.kept.reduce(0) { $0 + $1.textBytes } }

    /// Takes the next event. O(1) in the number of events before.
    public mutating func apply(_ event: ProjectionEvent) {
        guard place.advance(to: event) else { return }
        switch options.answers {
        case .outputs: applyOutput(event)
        case .effects: applyEffect(event)
        }
    }

    /// Whether a context with `.effects` depends on events of a type.
    package static func shows(_ type: String) -> Bool {
        switch type {
        case SignalType.messageReceived, SignalType.assistantCompleted, SignalType.generationStarted,
            SignalType.generationCompleted, SignalType.generationCanceled,
            SignalType.generationFailed, SignalType.executionCompleted,
            SignalType.executionFailed, SignalType.executionCanceled:
            true
        default: false
        }
    }

    // MARK: Reading

    /// The newest messages in the order that a provider expects: tool results directly after the message that requested
    /// them, in the order of the calls, one each. O(n) in the number of messages returned.
    ///
    /// - Parameter limit: the maximum number, 0 or less for no limit; nil for `options.maxMessages`. A message is never
    ///   separated from its tool results, so fewer may be returned; the newest is returned with all of its results even
    ///   if they exceed the limit.
    public func messages(last limit: Int? = nil) -> [ChatMessage] {
        newest(maxMessages: limit ?? options.maxMessages, tokens: nil)
    }

    /// The messages of a request: the system prompt, then the newest that fit.
    ///
    /// - Parameters:
    ///   - systemPrompt: comes first and is never dropped; none if it is blank.
    ///   - tokenBudget: the limit for all messages together by `ChatMessage.estimatedTokens`; the oldest are dropped. The
    ///     newest, with its tool results, stays even if it alone exceeds the limit; the provider may then refuse it.
    ///   - limit: as in `messages(last:)`; the system prompt does not count.
    public func request(systemPrompt: String? = nil, tokenBudget: Int? = nil, last limit: Int? = nil) -> [ChatMessage] {
        var first: [ChatMessage] = []
        if let systemPrompt, !JSONText.isBlank(systemPrompt) {
            first = [ChatMessage(role: .system, content: systemPrompt)]
        }
        let left = tokenBudget.map { budget in first.reduce(budget) { $0 - $1.estimatedTokens } }
        return first + newest(maxMessages: limit ?? options.maxMessages, tokens: left)
    }

    private func newest(maxMessages: Int, tokens: Int?) -> [ChatMessage] {
        var start = turns.end
        var messages = 0
        var spent = 0
        while start > turns.start {
            messages += turns[start - 1].messageCount
            spent += turns[start - 1].estimatedTokens
            let isOver = (maxMessages > 0 && messages > maxMessages) || tokens.map { spent > $0 } == true
            if isOver, start < turns.end { break }
            start -= 1
            if isOver { break }
        }
        return turns[start..<turns.end].flatMap(\.messages)
    }

    // MARK: Outputs

    private mutating func applyOutput(_ event: ProjectionEvent) {
        guard let entry = TimelineEntry(event) else { return }
        // Every entry of the timeline ends a sequence of deltas, whether shown here or not.
        guard entry.kind == .delta else {
            lastDelta = nil
            if entry.kind != .status || options.includesToolStatus { append(entry) }
            return
        }
        guard options.includesDeltas else { return }
        let joined = lastDelta.take().flatMap { last in
            var last = last
            return coalescer.join(entry, to: &last) ? last : nil
        }
        if let joined {
            _ = turns.update(turns.end - 1) { $0.replaceContent(joined.content.text) }
        } else {
            append(entry)
        }
        lastDelta = joined ?? entry
    }

    private mutating func append(_ entry: TimelineEntry) {
        let role: ChatMessage.Role =
            switch entry.role {
            case .user: .user
            case .assistant: .assistant
            case .tool: .tool
            }
        append(ChatMessage(role: role, content: entry.content.text, eventID: entry.eventID))
    }

    private mutating func append(_ message: ChatMessage) {
        turns.append(ChatTurn(message))
        generations.forget(before: turns.dropped)
    }

    // MARK: Effects

    private mutating func applyEffect(_ event: ProjectionEvent) {
        switch event.type {
        case SignalType.messageReceived:
            waiting.add(
                ChatMessage(role: .user, content: UserText.text(of: event.members), eventID: event.id),
                of: event.id)
        case SignalType.generationStarted:
            guard let effect = event.members["effect_id"]?.orNone?.text else { return }
            placeMessage(of: effect)
            if let answered = event.members["metadata"]?.object?["answers"]?.string,
                let message = waiting.takeRejected("llm-generation-\(answered)")
            {
                append(message)
            }
            generations.start(effect)
        case SignalType.assistantCompleted:
            let data = event.members
            if let effect = data["effect_id"]?.orNone?.text {
                guard generations.end(effect) else { return }
                placeMessage(of: effect)
            }
            appendAnswer(event, data["content"]?.orNone?.text ?? "", calls: [])
        case SignalType.generationCompleted:
            let data = event.members
            guard endGeneration(event, data) else { return }
            appendAnswer(
                event, Self.answer(data), calls: ToolCall.list(data["tool_calls"]),
                members: ProviderMembers(data))
        case SignalType.generationCanceled:
            let data = event.members
            guard endGeneration(event, data), options.keepsCanceledText else { return }
            appendAnswer(event, data["content"]?.orNone?.text ?? "", calls: [])
        case SignalType.generationFailed:
            let data = event.members
            if endGeneration(event, data, placesMessage: false) { waiting.reject(Self.generation(event, data)) }
        case SignalType.executionCompleted: answerCall(event, ToolResult.completed)
        case SignalType.executionFailed: answerCall(event, ToolResult.failed)
        case SignalType.executionCanceled: answerCall(event, ToolResult.canceled)
        default: return
        }
    }

    /// Places the user's message that a generation answers, unless it has a place.
    private mutating func placeMessage(of generation: String) {
        if let message = waiting.take(generation) { append(message) }
    }

    /// Whether this is the generation's first end. If it has not started, its message is placed before the end.
    private mutating func endGeneration(
        _ event: ProjectionEvent, _ data: JSONObjectView, placesMessage: Bool = true
    ) -> Bool {
        let generation = Self.generation(event, data)
        guard generations.end(generation) else { return false }
        if placesMessage { placeMessage(of: generation) }
        return true
    }

    /// The id of the effect. A signal without one counts as its own effect, as in the reducer.
    private static func generation(_ event: ProjectionEvent, _ data: JSONObjectView) -> String {
        data["effect_id"]?.orNone?.text ?? event.id
    }

    /// The text that the reducer shows; empty if it shows a placeholder.
    private static func answer(_ data: JSONObjectView) -> String {
        let result = data["result"]
        let members = result?.object ?? .empty
        let text = firstPresent(
            data["content"], members["text"], members["summary"], result?.kind == .string ? result : nil)
        return text?.orNone?.text ?? ""
    }

    /// An answer without text and tool calls is left out, because some providers refuse empty messages.
    private mutating func appendAnswer(
        _ event: ProjectionEvent, _ content: String, calls: [ToolCall], members: ProviderMembers? = nil
    ) {
        guard !calls.isEmpty || !JSONText.isBlank(content) else { return }
        generations.open(calls, at: turns.end)
        append(
            ChatMessage(
                role: .assistant, content: content, toolCalls: calls, eventID: event.id, providerMembers: members))
    }

    private mutating func answerCall(_ event: ProjectionEvent, _ content: (JSONObjectView) -> String) {
        let data = event.members
        // A result without a known call cannot be part of a request.
        guard let call = data["tool_call_id"]?.orNone?.text, let place = generations.close(call: call) else { return }
        let result = ChatMessage(role: .tool, content: content(data), toolCallID: call, eventID: event.id)
        _ = turns.update(place) { $0.answer(result) }
    }
}
