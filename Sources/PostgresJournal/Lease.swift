import Glibc
import JournalPort
import Synchronization

/// The lease of a shard, measured by this process's own clocks. It expires here before it expires at the server.
///
/// The lease uses two clocks. CLOCK_BOOTTIME also runs while the machine sleeps. The wall clock detects that a virtual machine was paused,
/// once the clock is corrected. If the wall clock steps forward for another reason, the lease expires early, and the next renewal prolongs it.
final class Lease: JournalLease {
    /// How long the server reserves a shard for an owner that does not renew its lease.
    static let duration = Duration.seconds(5)
    /// An owner stops this long before the lease expires at the server.
    private static let margin = Duration.milliseconds(500)

    /// A time on both clocks, in microseconds.
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

    /// Records that the server has prolonged the lease.
    /// - Parameter moment: the time of the request.
    func prolong(askedAt moment: Moment) { asked.withLock { $0 = moment } }

    /// Ends the lease: this process no longer owns the shard.
    func end() { asked.withLock { $0 = nil } }

    private static func microseconds(_ duration: Duration) -> Int64 {
        let (seconds, attoseconds) = duration.components
        return seconds * 1_000_000 + attoseconds / 1_000_000_000_000
    }
}
