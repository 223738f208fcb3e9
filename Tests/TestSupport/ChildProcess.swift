import Foundation
import Glibc
import Synchronization

/// How a process ended.
public enum ProcessEnd: Sendable, Equatable {
    case exited(Int32)
    case killed(signal: Int32)
}

/// A process that this one started. It ends with this object at the latest.
///
/// Not Foundation's `Process`: that hands on the calling thread's signal mask, and threads of the cooperative pool block
/// SIGTERM, so a child started by an async test would be deaf to it.
public final class ChildProcess: Sendable {
    public let processID: pid_t
    private let end = Mutex<ProcessEnd?>(nil)

    /// Starts `program`; it reads the file `input`, and what it writes goes to the files `output` and `log`.
    public init(
        _ program: String, _ arguments: [String], environment: [String: String] = ProcessInfo.processInfo.environment,
        input: String = "/dev/null", output: String = "/dev/null", log: String = "/dev/null"
    ) throws {
        processID = try Self.spawn(
            program, [program] + arguments, environment: environment.map { "\($0.key)=\($0.value)" }, input: input,
            output: output, log: log)
    }

    deinit { _ = kill() }

    /// How it ended; nil while it runs.
    public var ended: ProcessEnd? {
        end.withLock { end in
            if end == nil { end = Self.reap(processID, WNOHANG) }
            return end
        }
    }

    public func send(signal: Int32) {
        // Not to an id that has been reaped: it may belong to somebody else by now.
        end.withLock { end in
            if end == nil { _ = Glibc.kill(processID, signal) }
        }
    }

    /// SIGKILL: it ends as in a crash.
    @discardableResult
    public func kill() -> ProcessEnd? {
        end.withLock { end in
            if end == nil {
                _ = Glibc.kill(processID, SIGKILL)
                end = Self.reap(processID, 0)
            }
            return end
        }
    }

    private static func spawn(
        _ program: String, _ arguments: [String], environment: [String], input: String, output: String, log: String
    ) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        let write = O_WRONLY | O_CREAT | O_TRUNC
        posix_spawn_file_actions_addopen(&actions, 0, input, O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, output, write, 0o644)
        posix_spawn_file_actions_addopen(&actions, 2, log, write, 0o644)
        // Sockets of the tests must not live on in it.
        for name in try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd") {
            if let descriptor = Int32(name), descriptor > 2 { posix_spawn_file_actions_addclose(&actions, descriptor) }
        }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var noSignals = sigset_t()
        sigemptyset(&noSignals)
        posix_spawnattr_setsigmask(&attributes, &noSignals)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        var processID: pid_t = 0
        let code = withCStrings(arguments) { arguments in
            withCStrings(environment) { environment in
                posix_spawn(&processID, program, &actions, &attributes, arguments, environment)
            }
        }
        guard code == 0 else {
            throw TestSupportError("cannot start \(program): \(String(cString: strerror(code)))")
        }
        return processID
    }

    private static func withCStrings<Result>(
        _ texts: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Result
    ) -> Result {
        let pointers = texts.map { strdup($0) }
        defer { pointers.forEach { free($0) } }
        return body(pointers + [nil])
    }

    private static func reap(_ processID: pid_t, _ options: Int32) -> ProcessEnd? {
        var status: Int32 = 0
        var found: pid_t
        repeat { found = waitpid(processID, &status, options) } while found < 0 && errno == EINTR
        guard found == processID else { return nil }
        let signal = status & 0x7f
        return signal == 0 ? .exited((status >> 8) & 0xff) : .killed(signal: signal)
    }
}
