import Logging
import Synchronization
import Threads

/// Checks the beats each second, logs when a thread hangs or recovers, and reports overall health. Has its own thread,
/// so that it does not depend on anything that may hang.
public final class HealthWatch: Sendable {
    private static let interval = Duration.seconds(1)

    private let heartbeats: Heartbeats
    private let logger: Logger
    private let report: @Sendable (_ isHealthy: Bool) -> Void
    private let isStopping = Monitor(false)
    private let thread = Mutex<DedicatedThread?>(nil)

    /// - Parameter report: called on the watch's thread each second; must not block.
    public init(_ heartbeats: Heartbeats, logger: Logger, report: @escaping @Sendable (_ isHealthy: Bool) -> Void) {
        self.heartbeats = heartbeats
        self.logger = logger
        self.report = report
    }

    public func start() {
        thread.withLock { thread in
            if thread == nil { thread = DedicatedThread(name: "convey-watch") { [self] in run() } }
        }
    }

    /// Ends the thread without waiting for it.
    public func stop() { isStopping.change { $0 = true } }

    private func run() {
        var hanging: Set<String> = []
        var deadline = Clocks.monotonicMicroseconds()
        while true {
            deadline += Self.interval.microseconds
            if isStopping.wait(until: deadline, { $0 ? true : nil }) ?? false { return }
            let overdue = heartbeats.ages.filter(\.isOverdue)
            report(overdue.isEmpty)
            for thread in overdue where !hanging.contains(thread.name) {
                logger.critical("a thread hangs", metadata: ["thread": "\(thread.name)", "reason": "\(thread.words)"])
            }
            let names = Set(overdue.map(\.name))
            for name in hanging.subtracting(names).sorted() {
                logger.notice("a thread that hung responds again", metadata: ["thread": "\(name)"])
            }
            hanging = names
        }
    }
}
