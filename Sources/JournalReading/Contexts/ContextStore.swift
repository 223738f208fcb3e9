import Conversation
import JournalPort
import Signals

/// What language models are told of conversations, made from the journal.
///
/// Each context is read from the end of its conversation's chain of records (`JournalRecord.previous`), only as far as the
/// messages that are asked for need, since a history has no ceiling. Contexts are kept, least recently used ones go first,
/// and advance by what was recorded since: a long conversation costs no more than its new events.
///
/// Reads block: some 10 µs per record. As an actor it reads one context at a time and holds no more than one of the pool's
/// threads.
public actor ContextStore {
    /// Contexts that are kept, by their texts: some 10,000 short conversations.
    public static let standardCacheBytes = 32 << 20
    /// Records read between two looks at whether the task was cancelled: some milliseconds.
    private static let cancellationInterval = 256

    private let openReader: @Sendable () throws(JournalError) -> any JournalReader & Sendable
    private var reader: (any JournalReader & Sendable)?
    private var cache: ContextCache

    /// - Parameters:
    ///   - cacheBytes: for contexts that are kept.
    ///   - openReader: called at the first use, and again after a read has failed.
    public init(
        cacheBytes: Int = ContextStore.standardCacheBytes,
        openReader: @escaping @Sendable () throws(JournalError) -> any JournalReader & Sendable
    ) {
        self.openReader = openReader
        cache = ContextCache(bytes: cacheBytes)
    }

    /// A conversation as a model is told it.
    ///
    /// - Parameters:
    ///   - through: the newest record that counts, one of the conversation; `.start` for an empty context.
    ///   - messages: how many of the newest messages are needed, one at least.
    /// - Throws: `JournalError`; `damaged` where the chain leads to nothing readable or into another conversation.
    ///   `CancellationError`.
    public func context(
        of conversation: ConversationID, through: Position, messages: Int
    ) throws -> LLMContextProjection {
        let needed = max(1, messages)
        guard through != .start else { return LLMContextProjection(options: .request(maxMessages: needed)) }
        do {
            return try read(conversation, through, needed)
        } catch {
            // The file may have been put in its place anew.
            if error is JournalError { reader = nil }
            throw error
        }
    }

    private func read(
        _ conversation: ConversationID, _ through: Position, _ needed: Int
    ) throws -> LLMContextProjection {
        let reader = try openedReader()
        // Taken out, so that it is changed in place; put back by `keep`.
        var known = cache.take(conversation)
        if let held = known, held.messages >= needed {
            if held.through == through { return keep(held, conversation) }
            // An older attempt asks.
            if held.through > through { cache.put(held, for: conversation) }
        }
        if let held = known, held.messages < needed || held.through > through { known = nil }
        var window = ContextWindow()
        var wanted = needed
        var next = through
        var count = 0
        while next != .start {
            if let reached = known?.through, next <= reached, var held = known.take(), next == reached,
                isEnough(held.context, for: window)
            {
                held.advance(by: window, through: through)
                return keep(held, conversation)
            }
            if window.isWideEnough(for: wanted) {
                let made = KeptContext(of: window, through: through, messages: needed)
                let missing = needed - made.context.messageCount
                if missing <= 0 || window.isFull { return keep(made, conversation) }
                // Some of the events have made no message.
                window.widen()
                wanted = window.messages + missing
            }
            guard let record = try reader.record(at: next), record.conversation == conversation,
                record.previous < next
            else {
                throw JournalError(.damaged, "record \(next) is not of conversation \(conversation), as its chain says")
            }
            if case .unreadable(let reason, _) = record.content {
                throw JournalError(.damaged, "record \(next) cannot be read: \(reason)")
            }
            window.take(record)
            next = record.previous
            count += 1
            if count.isMultiple(of: Self.cancellationInterval) { try Task.checkCancellation() }
        }
        return keep(KeptContext(of: window, through: through, messages: needed), conversation)
    }

    /// Whether a context and the events behind it make what all events make: every message whose generation starts
    /// or ends in them is there.
    private func isEnough(_ context: LLMContextProjection, for window: ContextWindow) -> Bool {
        window.startedWithoutCause.allSatisfy { context.isWaiting(for: $0.text) }
            && window.endedWithoutStart.allSatisfy { context.knows(generation: $0.text) }
    }

    private func keep(_ made: KeptContext, _ conversation: ConversationID) -> LLMContextProjection {
        if !cache.isNewer(than: made.through, conversation) { cache.put(made, for: conversation) }
        return made.context
    }

    private func openedReader() throws(JournalError) -> any JournalReader & Sendable {
        if let reader { return reader }
        let opened = try openReader()
        reader = opened
        return opened
    }
}

/// A context and how far it has been read.
struct KeptContext: Sendable {
    private(set) var context: LLMContextProjection
    private(set) var through: Position
    /// How many messages it was made for.
    let messages: Int

    init(of window: ContextWindow, through: Position, messages: Int) {
        context = LLMContextProjection(of: window.events, options: .request(maxMessages: messages))
        self.through = through
        self.messages = messages
    }

    mutating func advance(by window: ContextWindow, through position: Position) {
        for event in window.events { context.apply(event) }
        through = position
    }
}
