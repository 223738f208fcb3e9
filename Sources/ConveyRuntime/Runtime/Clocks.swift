import Glibc

/// The clocks of the running process.
enum Clocks {
    /// Now, for a transaction.
    static func engineTime() -> EngineTime {
        EngineTime(wall: wallMicroseconds(), monotonic: monotonicMicroseconds() / 1_000)
    }

    /// Microseconds since 1970.
    static func wallMicroseconds() -> Int64 { microseconds(CLOCK_REALTIME) }

    /// Microseconds of a clock that does not run backwards.
    static func monotonicMicroseconds() -> Int64 { microseconds(CLOCK_MONOTONIC) }

    private static func microseconds(_ clock: clockid_t) -> Int64 {
        var now = timespec()
        clock_gettime(clock, &now)
        return Int64(now.tv_sec) * 1_000_000 + Int64(now.tv_nsec) / 1_000
    }
}
