import Logging
import Synchronization

/// Whether ingress may read on. Stopping to read is all that back-pressure needs: what is not read is not acknowledged,
/// and the broker keeps it.
final class BackPressure: Sendable {
    struct Limits: Sendable {
        /// Recorded signals that are not applied.
        var queue = 100_000
        /// Recorded events that the broker has not acknowledged.
        var outbox: Int64 = 100_000
        /// Effects without an end.
        var effects = 100_000
    }

    private let limits: Limits
    private let reason = Mutex<String?>(nil)
    private let board: StatusBoard
    private let logger: Logger
    private let wake: @Sendable () -> Void

    /// - Parameter wake: called when ingress may go on or has to stop.
    init(limits: Limits, board: StatusBoard, logger: Logger, wake: @escaping @Sendable () -> Void) {
        self.limits = limits
        self.board = board
        self.logger = logger
        self.wake = wake
    }

    /// Why ingress has to pause; nil when it may read.
    var pause: String? { reason.withLock { $0 } }

    /// A pause begins above a limit and ends a tenth below it, so that it does not flicker at the edge.
    func update(queueDepth: Int, outboxLag: Int64, openEffects: Int) {
        let isPaused = pause != nil
        func exceeds(_ value: Int, _ limit: Int) -> Bool { value > (isPaused ? limit - limit / 10 : limit) }
        if exceeds(queueDepth, limits.queue) {
            set("\(queueDepth) signals wait to be applied (queue.limit \(limits.queue))")
        } else if exceeds(Int(outboxLag), Int(limits.outbox)) {
            set("\(outboxLag) events wait for the broker (outbox.limit \(limits.outbox))")
        } else if exceeds(openEffects, limits.effects) {
            set("\(openEffects) effects are open (effects.open_limit \(limits.effects))")
        } else {
            set(nil)
        }
    }

    func journalFailed() {
        set("the journal cannot be written")
    }

    private func set(_ newReason: String?) {
        let hasChanged = reason.withLock { reason in
            defer { reason = newReason }
            return (reason == nil) != (newReason == nil)
        }
        guard hasChanged else { return }
        if let newReason {
            logger.warning("ingress pauses; the broker keeps what comes", metadata: ["reason": "\(newReason)"])
        } else {
            logger.notice("ingress goes on")
        }
        board.setIngress(newReason.map { .paused($0) } ?? .running)
        wake()
    }
}
