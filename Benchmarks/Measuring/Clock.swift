import Glibc

/// The monotonic clock, in nanoseconds.
enum Clock {
    static var now: Int64 { read(CLOCK_MONOTONIC) }

    /// Nanoseconds since 1970.
    static var wall: Int64 { read(CLOCK_REALTIME) }

    /// Processor time that this process has used, in nanoseconds.
    static var ownCPU: Int64 { read(CLOCK_PROCESS_CPUTIME_ID) }

    /// Waits until `instant`, or until a signal comes.
    static func sleep(until instant: Int64) {
        var deadline = timespec(tv_sec: Int(instant / 1_000_000_000), tv_nsec: Int(instant % 1_000_000_000))
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &deadline, nil)
    }

    static func sleep(milliseconds: Int64) {
        sleep(until: now + milliseconds * 1_000_000)
    }

    /// Makes this thread's timers exact: by default the kernel may add 50 microseconds.
    static func makeTimersExact() {
        guard let file = fopen("/proc/self/timerslack_ns", "w") else { return }
        fputs("1", file)
        fclose(file)
    }

    private static func read(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
