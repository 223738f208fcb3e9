import Conversation
import Synchronization

/// Tells who watches a conversation that something of it has been committed. It carries no events: those are read from the
/// journal, so that a watcher who is slow costs nobody anything, and one who was away misses nothing.
public final class LiveFeed: Sendable {
    private struct Watches {
        var bySubject: [ExactText: [UInt64: LiveWatch]] = [:]
        var count = 0
        var nextID: UInt64 = 0
    }

    /// Watches at once. Each costs a connection, and a query each time that its conversation changes.
    public static let watchLimit = 500

    private let watches = Mutex(Watches())
    private let limit: Int
    /// For the engine's thread, which mostly has nobody to tell.
    private let isWatched = Atomic(false)

    public init(limit: Int = LiveFeed.watchLimit) {
        self.limit = limit
    }

    /// Watches a conversation, which need not exist yet, until `LiveWatch.end()`; nil when too many do already.
    public func watch(_ subject: String) -> LiveWatch? {
        watches.withLock { watches in
            guard watches.count < limit else { return nil }
            watches.count += 1
            watches.nextID += 1
            let watch = LiveWatch(id: watches.nextID, subject: subject, feed: self)
            watches.bySubject[ExactText(subject), default: [:]][watch.id] = watch
            isWatched.store(true, ordering: .releasing)
            return watch
        }
    }

    /// How many watch right now.
    public var watching: Int { watches.withLock { $0.count } }

    /// Called by the engine's thread after each commit. Never waits: a watch takes note, and that is all.
    func committed(_ events: [OutboundEvent]) {
        guard !events.isEmpty, isWatched.load(ordering: .acquiring) else { return }
        let changed = watches.withLock { watches in
            var changed: [LiveWatch] = []
            var last: ConversationID?
            // Events of one conversation mostly stand together.
            for event in events where event.record.conversation != last {
                last = event.record.conversation
                if let found = watches.bySubject[ExactText(event.subject)] { changed += found.values }
            }
            return changed
        }
        for watch in changed { watch.note() }
    }

    fileprivate func end(_ watch: LiveWatch) {
        watches.withLock { watches in
            let subject = ExactText(watch.subject)
            guard watches.bySubject[subject]?.removeValue(forKey: watch.id) != nil else { return }
            if watches.bySubject[subject]?.isEmpty == true { watches.bySubject[subject] = nil }
            watches.count -= 1
            if watches.count == 0 { isWatched.store(false, ordering: .releasing) }
        }
    }
}

/// One watch over a conversation. A single task waits on it at a time.
public final class LiveWatch: Sendable {
    private enum State {
        case quiet
        /// Something was committed since the last wait.
        case changed
        case waiting(CheckedContinuation<Bool, Never>)
        case ended
    }

    let id: UInt64
    public let subject: String
    private let feed: LiveFeed
    private let state = Mutex(State.quiet)

    fileprivate init(id: UInt64, subject: String, feed: LiveFeed) {
        self.id = id
        self.subject = subject
        self.feed = feed
    }

    /// Waits until something of the conversation is committed; at once where that has happened since the last wait.
    /// - Returns: false when the time has passed, the task was cancelled or the watch has ended.
    public func change(within limit: Duration) async -> Bool {
        await withTaskGroup(of: Bool.self) { group in
            group.addTask { await self.wait() }
            group.addTask {
                // Cancelled when the change comes first: then its result is not looked at.
                try? await Task.sleep(for: limit)
                return false
            }
            var isChanged = await group.next() ?? false
            group.cancelAll()
            // A change in the very moment in which the time passed is one, too: nobody else will tell of it.
            for await late in group { isChanged = isChanged || late }
            return isChanged
        }
    }

    /// No more is told. Whoever waits is let go.
    public func end() {
        let waiting = state.withLock { state -> CheckedContinuation<Bool, Never>? in
            defer { state = .ended }
            if case .waiting(let continuation) = state { return continuation }
            return nil
        }
        waiting?.resume(returning: false)
        feed.end(self)
    }

    fileprivate func note() {
        let waiting = state.withLock { state -> CheckedContinuation<Bool, Never>? in
            switch state {
            case .quiet, .changed:
                state = .changed
                return nil
            case .waiting(let continuation):
                state = .quiet
                return continuation
            case .ended: return nil
            }
        }
        waiting?.resume(returning: true)
    }

    private func wait() async -> Bool {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isChanged: Bool? = state.withLock { state in
                    switch state {
                    case .changed:
                        state = .quiet
                        return true
                    case .quiet where !Task.isCancelled:
                        state = .waiting(continuation)
                        return nil
                    case .quiet, .ended, .waiting: return false
                    }
                }
                if let isChanged { continuation.resume(returning: isChanged) }
            }
        } onCancel: {
            let waiting = state.withLock { state -> CheckedContinuation<Bool, Never>? in
                guard case .waiting(let continuation) = state else { return nil }
                state = .quiet
                return continuation
            }
            waiting?.resume(returning: false)
        }
    }
}
