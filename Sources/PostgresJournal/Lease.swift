import Glibc
import JournalPort
import Synchronization

/// The lease of a shard, by this process's own clocks: it ends here before it ends at the server.
///
/// Two clocks count. One also runs while the machine sleeps (CLOCK_BOOTTIME). The wall clock shows a virtual machine that was paused, once it is
/// set right; a step forward for another reason ends the lease early, and the next renewal prolongs it.
final class Lease: JournalLease {
    /// How long the server keeps a shard for an owner that shows no sign of life.
    static let duration = Duration.seconds(5)
    /// An owner stops this long before the server gives the shard away.
    private static let margin = Duration.milliseconds(500)

    /// Microseconds.
    struct Moment: Sendable {
        var sinceBoot: Int64
        var wall: Int64

        static var now: Moment { Moment(sinceBoot: read(CLOCK_BOOTTIME), wall: read(CLOCK_REALTIME)) }

        private static func read(_ clock: clockid_t) -> Int64 {
            var time = timespec()
            clock_gettime(clock, &time)
            return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000
        }
    }

    private let asked = Mutex<Moment?>(nil)

    var isHeld: Bool { isHeld(at: .now) }

    func isHeld(at now: Moment) -> Bool {
        guard let asked = asked.withLock({ $0 }) else { return false }
        let limit = Self.microseconds(Self.duration - Self.margin)
        return now.sinceBoot - asked.sinceBoot < limit && now.wall - asked.wall < limit
    }

    /// The server has prolonged the lease.
    /// - Parameter moment: when it was asked to.
    func prolong(askedAt moment: Moment) { asked.withLock { $0 = moment } }

    /// The shard is not this process's any more.
    func end() { asked.withLock { $0 = nil } }

    private static func microseconds(_ duration: Duration) -> Int64 {
        let (seconds, attoseconds) = duration.components
        return seconds * 1_000_000 + attoseconds / 1_000_000_000_000
    }
}
