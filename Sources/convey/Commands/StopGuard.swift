import Glibc
import Logging
import Synchronization
import Threads

/// Ends the process if a shutdown exceeds its time limit, whatever hangs: a thread in a system call, or an effect that
/// ignores cancellation. As in a crash, nothing acknowledged is lost.
final class StopGuard: Sendable {
    /// Extra time beyond `shutdown.timeout` for closing connections and files.
    static let grace = Duration.seconds(5)

    private let limit: Duration
    private let heartbeats: Heartbeats
    private let logger: Logger
    private let step = Mutex("the start")
    private let isArmed = Atomic(false)

    /// - Parameter limit: `shutdown.timeout`.
    init(limit: Duration, heartbeats: Heartbeats, logger: Logger) {
        self.limit = limit + Self.grace
        self.heartbeats = heartbeats
        self.logger = logger
    }

    /// Notes what the shutdown waits for next.
    func begin(_ name: String) { step.withLock { $0 = name } }

    /// Starts the timer. May be called again.
    func arm() {
        guard !isArmed.exchange(true, ordering: .relaxed) else { return }
        // A thread, because library timers may hang with their event loops. It ends with the process.
        _ = DedicatedThread(name: "convey-guard") { [self] in
            let deadline = SuspendingClock.now + limit
            while SuspendingClock.now < deadline { usleep(100_000) }
            // If the log line itself hangs, for example on a hanging disk, the signal ends the process.
            signal(SIGALRM, SIG_DFL)
            alarm(2)
            tell()
            _exit(ExitStatus.stuck.rawValue)
        }
    }

    /// Not if the log accepts no line: writing it would hang.
    private func tell() {
        var descriptor = pollfd(fd: STDERR_FILENO, events: Int16(POLLOUT), revents: 0)
        guard poll(&descriptor, 1, 0) == 1, Int32(descriptor.revents) & POLLOUT != 0 else { return }
        let threads = heartbeats.ages.map { "\($0.name) (last turn \(Int($0.seconds)) s ago)" }
        logger.critical(
            "the stop is not finished in time; ending without it",
            metadata: [
                "limit": "\(limit)", "waiting_for": "\(step.withLock { $0 })",
                "threads_not_ended": "\(threads.isEmpty ? "none" : threads.joined(separator: ", "))",
            ])
    }
}
