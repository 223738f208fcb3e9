import Glibc

/// The clocks of the running process.
package enum Clocks {
    /// Microseconds since 1970.
    package static func wallMicroseconds() -> Int64 { microseconds(CLOCK_REALTIME) }

    /// Microseconds of a clock that does not run backwards.
    package static func monotonicMicroseconds() -> Int64 { microseconds(CLOCK_MONOTONIC) }

    private static func microseconds(_ clock: clockid_t) -> Int64 {
        var now = timespec()
        clock_gettime(clock, &now)
        return Int64(now.tv_sec) * 1_000_000 + Int64(now.tv_nsec) / 1_000
    }
}
