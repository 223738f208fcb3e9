import Logging
import Synchronization

/// Whether ingress may read on. Back-pressure only has to stop reading: unread messages are not acknowledged, and the
/// broker keeps them. The limits apply to the process: the numbers of all shards are added up.
final class BackPressure: Sendable {
    struct Limits: Sendable {
        /// Recorded signals that are not applied.
        var queue = 100_000
        /// Recorded events that the broker has not acknowledged.
        var outbox: Int64 = 100_000
        /// Effects without an end.
        var effects = 100_000
    }

    /// The numbers of one shard.
    private struct Load {
        var queueDepth = 0
        var outboxLag: Int64 = 0
        var openEffects = 0
        var hasFailed = false
        /// Why nothing can be written where that is no fault of the journal.
        var standby: String?
    }

    private struct State {
        var loads = [Load()]
        /// Why ingress cannot withhold more messages of failed shards; nil while it can.
        var withheld: String?
        var reason: String?
    }

    private let limits: Limits
    private let state = Mutex(State())
    private let board: StatusBoard
    private let logger: Logger
    private let wake: @Sendable () -> Void

    /// - Parameter wake: called when ingress may continue or must stop.
    init(limits: Limits, board: StatusBoard, logger: Logger, wake: @escaping @Sendable () -> Void) {
        self.limits = limits
        self.board = board
        self.logger = logger
        self.wake = wake
    }

    /// Why ingress must pause; nil if it may read.
    var pause: String? { state.withLock { $0.reason } }

    /// Makes room for the shards, once their number is known.
    func host(shards count: Int) {
        state.withLock { $0.loads = Array(repeating: Load(), count: count) }
    }

    /// The numbers after a shard's transaction. A shard that reports them has not failed.
    func update(shard: Int = 0, queueDepth: Int, outboxLag: Int64, openEffects: Int) {
        decide { state in
            state.loads[shard] = Load(queueDepth: queueDepth, outboxLag: outboxLag, openEffects: openEffects)
        }
    }

    /// A shard cannot be written. Ingress continues for the others, if there are any.
    func journalFailed(shard: Int = 0) {
        decide { state in
            state.loads[shard].hasFailed = true
            state.loads[shard].standby = nil
        }
    }

    /// Another node owns a shard.
    /// - Parameter reason: what is said to a client that would have a signal recorded.
    func standsBy(shard: Int, _ reason: String) {
        decide { state in
            state.loads[shard].hasFailed = true
            state.loads[shard].standby = reason
        }
    }

    /// Ingress withholds so many messages of failed shards that it cannot read on; nil when that is over.
    func withheld(_ reason: String?) {
        decide { $0.withheld = reason }
    }

    private func decide(_ change: (inout State) -> Void) {
        let decision = state.withLock { state -> (reason: String?, hasChanged: Bool, isStandby: Bool) in
            change(&state)
            let reason = reason(state)
            let hasChanged = (state.reason == nil) != (reason == nil)
            state.reason = reason
            // Under the lock, so that the later of two threads wins.
            if hasChanged { board.setIngress(reason.map { .paused($0) } ?? .running) }
            return (reason, hasChanged, state.loads.contains { $0.standby != nil })
        }
        guard decision.hasChanged else { return }
        if let reason = decision.reason {
            // Standing by is no fault, and has been logged.
            logger.log(
                level: decision.isStandby ? .debug : .warning, "ingress pauses; the broker keeps new messages",
                metadata: ["reason": "\(reason)"])
        } else {
            logger.notice("ingress continues")
        }
        wake()
    }

    /// A pause begins above a limit and ends a tenth below it, to avoid flapping.
    private func reason(_ state: State) -> String? {
        if state.loads.allSatisfy(\.hasFailed) {
            return state.loads.lazy.compactMap(\.standby).first ?? "the journal cannot be written"
        }
        if let withheld = state.withheld { return withheld }
        let isPaused = state.reason != nil
        func exceeds(_ value: Int, _ limit: Int) -> Bool { value > (isPaused ? limit - limit / 10 : limit) }
        var sum = Load()
        for load in state.loads {
            sum.queueDepth += load.queueDepth
            sum.outboxLag += load.outboxLag
            sum.openEffects += load.openEffects
        }
        if exceeds(sum.queueDepth, limits.queue) {
            return "\(sum.queueDepth) signals wait to be applied (queue.limit \(limits.queue))"
        }
        if exceeds(Int(sum.outboxLag), Int(limits.outbox)) {
            return "\(sum.outboxLag) events wait for the broker (outbox.limit \(limits.outbox))"
        }
        if exceeds(sum.openEffects, limits.effects) {
            return "\(sum.openEffects) effects are open (effects.open_limit \(limits.effects))"
        }
        return nil
    }
}
