import Conversation
import JournalPort
import Signals
import Synchronization
import Threads

/// The contexts for language models, built from the journals of all shards.
///
/// Each context is read from the end of its conversation's chain of records (`JournalRecord.previous`), only as far as
/// the requested messages need, because a conversation has no maximum length. Contexts are cached and advance by the
/// records added since, so a long conversation costs no more than its new events. The least recently used contexts are
/// dropped.
///
/// Reads block, so they run on the store's own thread, one context at a time. The thread ends with the store.
public final class ContextStore: Sendable {
    private struct Request: Sendable {
        var subject: String
        var conversation: ConversationID
        var through: Position
        var messages: Int
        let isCanceled: Flag
        let continuation: CheckedContinuation<LLMContextProjection, any Error>
    }

    /// Requests wait here, at most one per running attempt of a generation.
    private struct Queue: Sendable {
        var requests: [Request] = []
        var isStopping = false
    }

    private final class Flag: Sendable {
        private let value = Atomic(false)
        var isSet: Bool { value.load(ordering: .relaxed) }
        func set() { value.store(true, ordering: .relaxed) }
    }

    /// Memory for cached contexts, by their texts: about 10,000 short conversations.
    public static let standardCacheBytes = 32 << 20
    /// Interval of the idle thread's beats, in microseconds.
    private static let idleInterval: Int64 = 1_000_000

    private let queue: Monitor<Queue>
    private let thread: DedicatedThread

    /// - Parameters:
    ///   - cacheBytes: memory for cached contexts, for all shards together.
    ///   - heartbeats: where the thread `contexts` reports its beats.
    ///   - readers: opened on the thread at a shard's first request, and reopened after a failed read.
    package init(
        cacheBytes: Int = ContextStore.standardCacheBytes, heartbeats: Heartbeats = Heartbeats(),
        readers: ShardReaders
    ) {
        let queue = Monitor(Queue())
        let beat = heartbeats.beat("contexts", limit: BeatLimits.query)
        self.queue = queue
        thread = DedicatedThread(name: "convey-contexts") {
            Self.serve(queue, ContextReaders(readers, cacheBytes: cacheBytes), beat)
            beat.end()
        }
    }

    /// Nothing waits: a request keeps the store alive until it is answered.
    deinit {
        queue.change { $0.isStopping = true }
        thread.join()
    }

    /// The context of a conversation.
    ///
    /// - Parameters:
    ///   - conversation: its number in its shard.
    ///   - subject: its subject, which determines the shard.
    ///   - through: the newest record to include, one of the conversation's; `.start` for an empty context.
    ///   - messages: the number of newest messages needed, at least one.
    /// - Throws: `JournalError`; `damaged` if the chain leads to an unreadable record or into another conversation.
    ///   `CancellationError`.
    public func context(
        of conversation: ConversationID, subject: String, through: Position, messages: Int
    ) async throws -> LLMContextProjection {
        let isCanceled = Flag()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let request = Request(
                    subject: subject, conversation: conversation, through: through, messages: messages,
                    isCanceled: isCanceled,
                    continuation: continuation)
                queue.change { $0.requests.append(request) }
            }
        } onCancel: {
            isCanceled.set()
        }
    }

    private static func serve(_ queue: Monitor<Queue>, _ readers: ContextReaders, _ beat: ThreadBeat) {
        while true {
            beat.turn()
            let next: (requests: [Request], isStopping: Bool)? = queue.wait(
                until: Clocks.monotonicMicroseconds() + idleInterval
            ) { queue in
                guard queue.isStopping || !queue.requests.isEmpty else { return nil }
                defer { queue.requests = [] }
                return (queue.requests, queue.isStopping)
            }
            guard let next else { continue }
            for request in next.requests {
                request.continuation.resume(
                    with: Result {
                        try readers.reader(of: request.subject).context(
                            of: request.conversation, through: request.through, messages: request.messages,
                            isCanceled: {
                                beat.turn()
                                return request.isCanceled.isSet
                            })
                    })
            }
            if next.isStopping { return }
        }
    }
}
