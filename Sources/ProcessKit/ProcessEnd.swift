import Glibc

/// How a process ended.
package enum ProcessEnd: Sendable, Equatable, CustomStringConvertible {
    case exited(Int32)
    case killed(signal: Int32)

    package var description: String {
        switch self {
        case .exited(let status): "exit status \(status)"
        case .killed(let signal): "signal \(signal)"
        }
    }

    /// The exit status as a shell reports it: 128 + number for a signal.
    package var status: Int32 {
        switch self {
        case .exited(let status): status
        case .killed(let signal): 128 + signal
        }
    }

    /// Frees the process id of a child that has ended.
    /// - Parameter waits: waits for the end.
    /// - Returns: nil while the child runs, and if someone else has already waited for it.
    package static func reap(_ processID: pid_t, waits: Bool) -> ProcessEnd? {
        var status: Int32 = 0
        var found: pid_t
        repeat { found = waitpid(processID, &status, waits ? 0 : WNOHANG) } while found < 0 && errno == EINTR
        guard found == processID else { return nil }
        let signal = status & 0x7f
        return signal == 0 ? .exited((status >> 8) & 0xff) : .killed(signal: signal)
    }

    /// Waits until a child ends, and keeps its process id reserved until `reap`, so that nobody signals another process
    /// by it. Blocks the calling thread.
    package static func wait(for processID: pid_t) {
        var information = siginfo_t()
        while waitid(P_PID, id_t(processID), &information, WEXITED | WNOWAIT) < 0, errno == EINTR {}
    }
}
