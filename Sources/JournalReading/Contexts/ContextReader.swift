import Conversation
import JournalPort
import Signals

/// Reads contexts from the journal of one shard and caches them. Belongs to one thread: its reads block.
final class ContextReader {
    private let openReader: () throws(JournalError) -> any JournalReader
    private var reader: (any JournalReader)?
    private var cache: ContextCache

    init(cacheBytes: Int, openReader: @escaping () throws(JournalError) -> any JournalReader) {
        self.openReader = openReader
        cache = ContextCache(bytes: cacheBytes)
    }

    /// See `ContextStore.context`.
    /// - Parameter isCanceled: checked before each record.
    func context(
        of conversation: ConversationID, through: Position, messages: Int, isCanceled: () -> Bool
    ) throws -> LLMContextProjection {
        let needed = max(1, messages)
        guard through != .start else { return LLMContextProjection(options: .request(maxMessages: needed)) }
        do {
            return try read(conversation, through, needed, isCanceled)
        } catch {
            // The next read reopens the journal, because its file may have been replaced.
            if error is JournalError { reader = nil }
            throw error
        }
    }

    private func read(
        _ conversation: ConversationID, _ through: Position, _ needed: Int, _ isCanceled: () -> Bool
    ) throws -> LLMContextProjection {
        let reader = try openedReader()
        // Removed so that it can be changed in place; `keep` puts it back.
        var known = cache.take(conversation)
        if let held = known, held.messages >= needed {
            if held.through == through { return keep(held, conversation) }
            // The request comes from an older attempt.
            if held.through > through { cache.put(held, for: conversation) }
        }
        if let held = known, held.messages < needed || held.through > through { known = nil }
        var window = ContextWindow()
        var wanted = needed
        var chain = ContextChain(reader: reader, conversation: conversation, from: through)
        while chain.next != .start {
            if let reached = known?.through, chain.next <= reached, var held = known.take(), chain.next == reached,
                isEnough(held.context, for: window)
            {
                held.advance(by: window, through: through)
                return keep(held, conversation)
            }
            if window.isWideEnough(for: wanted) {
                let made = KeptContext(of: window, through: through, messages: needed)
                let missing = needed - made.context.messageCount
                if missing <= 0 || window.isFull { return keep(made, conversation) }
                // Some of the events produced no message.
                window.widen()
                wanted = window.messages + missing
            }
            if isCanceled() { throw CancellationError() }
            let step = try chain.step()
            window.take(step.link, signal: step.signal)
        }
        return keep(KeptContext(of: window, through: through, messages: needed), conversation)
    }

    /// Whether a context and the events after it give the same messages as all events would: it must contain the
    /// message of every generation that starts or ends in the window.
    private func isEnough(_ context: LLMContextProjection, for window: ContextWindow) -> Bool {
        window.startedWithoutCause.allSatisfy { context.isWaiting(for: $0.text) }
            && window.endedWithoutStart.allSatisfy { context.knows(generation: $0.text) }
    }

    private func keep(_ made: KeptContext, _ conversation: ConversationID) -> LLMContextProjection {
        if !cache.isNewer(than: made.through, conversation) { cache.put(made, for: conversation) }
        return made.context
    }

    private func openedReader() throws(JournalError) -> any JournalReader {
        if let reader { return reader }
        let opened = try openReader()
        reader = opened
        return opened
    }
}
