import JournalPort
import Synchronization
import Threads

/// The lease of a shard, by this process's own clock: it ends here before it ends at the server.
final class Lease: JournalLease {
    /// How long the server keeps a shard for an owner that shows no sign of life.
    static let duration = Duration.seconds(5)
    /// An owner stops this long before the server gives the shard away.
    private static let margin = Duration.milliseconds(500)

    private let until = Atomic<Int64>(0)

    var isHeld: Bool { Clocks.monotonicMicroseconds() < until.load(ordering: .acquiring) }

    /// The server has prolonged the lease.
    /// - Parameter asked: when it was asked to (microseconds, monotonic).
    func prolong(askedAt asked: Int64) {
        let end = asked + (Self.duration - Self.margin).microseconds
        until.store(end, ordering: .releasing)
    }

    /// The shard is not this process's any more.
    func end() { until.store(0, ordering: .releasing) }
}
