import Glibc

/// The kernel's information about this process's time.
public enum ProcessUsage {
    /// Seconds of processor time, of all threads, in user and kernel mode.
    public static func cpuSeconds() -> Double {
        var time = timespec()
        // It fails only for a clock that the kernel does not know.
        guard clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time) == 0 else { return 0 }
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }

    /// When the process started, in seconds since 1970, or 0 when `/proc` cannot be read. Read once, so that it stays the same
    /// when the wall clock is set.
    public static let startTime: Double = {
        guard let status = text(of: "/proc/self/stat"), let machine = text(of: "/proc/stat") else { return 0 }
        return startTime(status: status, machine: machine, ticksPerSecond: sysconf(Int32(_SC_CLK_TCK))) ?? 0
    }()

    /// - Parameters:
    ///   - status: `/proc/self/stat` (proc_pid_stat(5)). Field 22 is the start in ticks since the boot. Field 2, the program's name, can
    ///     contain spaces and parentheses.
    ///   - machine: `/proc/stat`, whose line `btime` is the boot in seconds since 1970.
    static func startTime(status: String, machine: String, ticksPerSecond: Int) -> Double? {
        guard let name = status.lastIndex(of: ")"), ticksPerSecond > 0,
            let line = machine.split(separator: "\n").first(where: { $0.hasPrefix("btime ") }),
            let boot = Double(line.dropFirst(6))
        else { return nil }
        let fields = status[status.index(after: name)...].split(separator: " ")
        // The first one here is field 3.
        guard fields.count > 19, let ticks = Double(fields[19]) else { return nil }
        return boot + ticks / Double(ticksPerSecond)
    }

    private static func text(of path: String) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16_384)
        while true {
            let length = read(descriptor, &buffer, buffer.count)
            guard length >= 0 else { return nil }
            if length == 0 { return String(decoding: bytes, as: UTF8.self) }
            bytes.append(contentsOf: buffer.prefix(length))
        }
    }
}
