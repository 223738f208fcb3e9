import Synchronization

/// One watch over a conversation. A single task waits on it at a time.
public final class LiveWatch: Sendable {
    private struct Waiter {
        let continuation: CheckedContinuation<Bool, Never>
        let deadline: ContinuousClock.Instant
    }

    private struct State {
        /// Something was committed that was not reported yet.
        var isChanged = false
        var isEnded = false
        var waiter: Waiter?
        /// The earliest time for the next notification.
        var due = ContinuousClock.now

        /// The waiter, if it is to be notified now.
        mutating func takeWaiter(at now: ContinuousClock.Instant) -> Waiter? {
            guard isChanged, now >= due, let waiter else { return nil }
            self.waiter = nil
            isChanged = false
            due = now + LiveFeed.pace
            return waiter
        }
    }

    let id: UInt64
    public let subject: String
    /// The holder, as passed to `LiveFeed.watch`.
    let holder: String
    private let feed: LiveFeed
    private let state = Mutex(State())

    init(id: UInt64, subject: String, holder: String, feed: LiveFeed) {
        self.id = id
        self.subject = subject
        self.holder = holder
        self.feed = feed
    }

    /// Waits until something of the conversation is committed. A change after a silence is reported at once; changes
    /// that follow closely are reported together, `LiveFeed.pace` later. Commits since the last wait count.
    /// - Parameter limit: maximum wait, accurate to a second.
    /// - Returns: false if the time has passed, the task was cancelled or the watch has ended.
    public func change(within limit: Duration) async -> Bool {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let now = ContinuousClock.now
                let told: (waiter: Waiter, isChange: Bool)? = state.withLock { state in
                    let waiter = Waiter(continuation: continuation, deadline: now + limit)
                    if state.isEnded || Task.isCancelled { return (waiter, false) }
                    state.waiter = waiter
                    return state.takeWaiter(at: now).map { ($0, true) }
                }
                told?.waiter.continuation.resume(returning: told?.isChange ?? false)
            }
        } onCancel: {
            letGo()
        }
    }

    var isEnded: Bool { state.withLock { $0.isEnded } }

    /// Stops notifications and releases waiters.
    public func end() {
        letGo(changing: { $0.isEnded = true })
        feed.end(self)
    }

    /// Something was committed.
    /// - Returns: whether it was reported; otherwise `tell` must be called later.
    func note(at now: ContinuousClock.Instant) -> Bool {
        state.withLock { $0.isChanged = true }
        return tell(at: now)
    }

    /// Reports a change, if a task waits and the time has come.
    /// - Returns: whether nothing is left to report.
    func tell(at now: ContinuousClock.Instant) -> Bool {
        let (waiter, isTold) = state.withLock { state in
            let waiter = state.takeWaiter(at: now)
            return (waiter, !state.isChanged)
        }
        waiter?.continuation.resume(returning: true)
        return isTold
    }

    func letGoIfLate(at now: ContinuousClock.Instant) {
        letGo(where: { now >= $0.deadline })
    }

    private func letGo(
        where isWanted: (Waiter) -> Bool = { _ in true }, changing change: (inout State) -> Void = { _ in }
    ) {
        let waiter: Waiter? = state.withLock { state in
            change(&state)
            guard let waiter = state.waiter, isWanted(waiter) else { return nil }
            state.waiter = nil
            return waiter
        }
        waiter?.continuation.resume(returning: false)
    }
}
