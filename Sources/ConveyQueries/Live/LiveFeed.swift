import JournalPort
import Signals
import Synchronization

/// Tells the watchers of a conversation that something was committed in it. It carries no events: watchers read those
/// from the journal, so a slow watcher costs nobody anything, and a watcher that was away misses nothing.
public final class LiveFeed: Sendable {
    private struct Watches {
        var bySubject: [ExactText: [UInt64: LiveWatch]] = [:]
        var count = 0
        /// Number of watches per holder.
        var held: [String: Int] = [:]
        var nextID: UInt64 = 0
        /// Changed watches that could not be notified yet.
        var untold: [UInt64: LiveWatch] = [:]
        /// Runs while there is a watch.
        var clock: Task<Void, Never>?
    }

    /// Maximum watches. Each costs a connection, and a read whenever its conversation changes.
    public static let watchLimit = 500
    /// Minimum time between two notifications of a watch: commits within it count as one.
    public static let pace = Duration.milliseconds(50)
    /// Ticks of the clock between two checks for expired waits.
    private static let ticksPerLook = 20

    private let watches = Mutex(Watches())
    private let limit: Int
    /// For the engine's thread, which usually has nobody to notify.
    private let isWatched = Atomic(false)

    public init(limit: Int = LiveFeed.watchLimit) {
        self.limit = limit
    }

    deinit { watches.withLock { $0.clock?.cancel() } }

    /// Watches a conversation, which need not exist yet, until `LiveWatch.end()`.
    ///
    /// If there are too many, the client with most watches loses its newest to a client with fewer: one client may have
    /// all of them as long as no other wants any.
    /// - Parameter holder: identifies the client.
    /// - Returns: nil if there are too many, and no client has more.
    public func watch(_ subject: String, holder: String = "") -> LiveWatch? {
        let (watch, given): (LiveWatch?, LiveWatch?) = watches.withLock { watches in
            var given: LiveWatch?
            if watches.count >= limit {
                given = Self.toGiveUp(for: holder, watches)
                guard let given else { return (nil, nil) }
                remove(given, &watches)
            }
            watches.count += 1
            watches.held[holder, default: 0] += 1
            watches.nextID += 1
            let watch = LiveWatch(id: watches.nextID, subject: subject, holder: holder, feed: self)
            watches.bySubject[ExactText(subject), default: [:]][watch.id] = watch
            if watches.clock == nil { watches.clock = Task { [weak self] in await Self.tick { self } } }
            isWatched.store(true, ordering: .releasing)
            return (watch, given)
        }
        given?.end()
        return watch
    }

    /// The newest watch of the holder with most watches, if it has at least two more than the other.
    private static func toGiveUp(for holder: String, _ watches: Watches) -> LiveWatch? {
        guard let most = watches.held.max(by: { $0.value < $1.value }),
            most.value > watches.held[holder, default: 0] + 1
        else { return nil }
        let theirs = watches.bySubject.values.flatMap(\.values).filter { $0.holder == most.key }
        return theirs.max { $0.id < $1.id }
    }

    /// Current number of watches.
    public var watching: Int { watches.withLock { $0.count } }

    /// The engine's thread calls this after each commit. It never waits: it only marks the watches.
    package func committed(_ events: [OutboundEvent]) {
        guard !events.isEmpty, isWatched.load(ordering: .acquiring) else { return }
        let changed = watches.withLock { watches in
            var changed: [LiveWatch] = []
            var last: ConversationID?
            // Events of one conversation are usually adjacent.
            for event in events where event.record.conversation != last {
                last = event.record.conversation
                if let found = watches.bySubject[ExactText(event.subject)] { changed += found.values }
            }
            return changed
        }
        note(changed)
    }

    /// Something may have been committed of which this process does not know what it was: by another node, or by a commit whose answer
    /// was lost. All who watch read the journal.
    package func committedUnseen() {
        note(watches.withLock { watches in watches.bySubject.values.flatMap(\.values) })
    }

    private func note(_ changed: [LiveWatch]) {
        guard !changed.isEmpty else { return }
        let now = ContinuousClock.now
        keep(changed.filter { !$0.note(at: now) })
    }

    /// Lets the clock notify them.
    private func keep(_ untold: [LiveWatch]) {
        if untold.isEmpty { return }
        watches.withLock { watches in
            for watch in untold where watches.bySubject[ExactText(watch.subject)]?[watch.id] != nil {
                watches.untold[watch.id] = watch
            }
        }
    }

    /// One clock for all watches: a timer per wait would mean thousands per second.
    private static func tick(_ feed: () -> LiveFeed?) async {
        var ticks = 0
        while !Task.isCancelled {
            // Cancelled with the last watch.
            try? await Task.sleep(for: pace)
            guard let feed = feed() else { return }
            feed.tellLate(at: .now)
            ticks += 1
            if ticks % ticksPerLook == 0 { feed.letGoLate(at: .now) }
        }
    }

    /// Notifies watches that have changed in the meantime.
    private func tellLate(at now: ContinuousClock.Instant) {
        // Removed first: a watch that changes again meanwhile stays in.
        let untold = watches.withLock { watches in
            defer { watches.untold = [:] }
            return watches.untold
        }
        keep(untold.values.filter { !$0.tell(at: now) })
    }

    /// Releases the waits whose time has passed.
    private func letGoLate(at now: ContinuousClock.Instant) {
        let all = watches.withLock { $0.bySubject.values.flatMap(\.values) }
        for watch in all { watch.letGoIfLate(at: now) }
    }

    func end(_ watch: LiveWatch) {
        watches.withLock { watches in
            remove(watch, &watches)
            guard watches.count == 0 else { return }
            watches.clock?.cancel()
            watches.clock = nil
            isWatched.store(false, ordering: .releasing)
        }
    }

    private func remove(_ watch: LiveWatch, _ watches: inout Watches) {
        let subject = ExactText(watch.subject)
        guard watches.bySubject[subject]?.removeValue(forKey: watch.id) != nil else { return }
        if watches.bySubject[subject]?.isEmpty == true { watches.bySubject[subject] = nil }
        watches.untold[watch.id] = nil
        watches.count -= 1
        let left = watches.held[watch.holder, default: 1] - 1
        watches.held[watch.holder] = left > 0 ? left : nil
    }
}
