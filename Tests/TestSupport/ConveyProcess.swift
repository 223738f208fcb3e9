import Foundation
import Glibc
import Synchronization

/// How a process ended.
public enum ProcessEnd: Sendable, Equatable {
    case exited(Int32)
    case killed(signal: Int32)
}

/// The built `convey` binary as a process of its own. It ends with this object at the latest.
public final class ConveyProcess: Sendable {
    public let processID: pid_t
    private let outputFile: URL
    private let logFile: URL
    private let end = Mutex<ProcessEnd?>(nil)

    /// Starts `convey` with `arguments`; what it writes goes to files in `directory` that are named after `name`.
    ///
    /// - Parameter environment: added to this process's environment, whose own `CONVEY_` variables are left out.
    public init(
        _ arguments: [String], environment: [String: String] = [:], in directory: URL, name: String
    ) throws {
        outputFile = directory.appendingPathComponent("\(name).out")
        logFile = directory.appendingPathComponent("\(name).log")
        let program = try Self.binary()
        let inherited = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("CONVEY_") }
        let variables = inherited.merging(environment) { $1 }.map { "\($0.key)=\($0.value)" }
        processID = try Self.spawn(
            program, [program] + arguments, environment: variables, output: outputFile.path, log: logFile.path)
    }

    deinit { _ = kill() }

    /// What it wrote to standard output so far.
    public var output: String { Self.text(outputFile) }

    /// What it wrote to standard error so far.
    public var log: String { Self.text(logFile) }

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

    private static func text(_ file: URL) -> String {
        guard let data = FileManager.default.contents(atPath: file.path) else { return "" }
        return String(decoding: data, as: UTF8.self)
    }

    /// Next to the running test bundle, where the package manager puts both.
    private static func binary() throws -> String {
        let runner = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let known = [
            URL(fileURLWithPath: runner).deletingLastPathComponent().appendingPathComponent("convey").path,
            repository.appendingPathComponent(".build/debug/convey").path,
        ]
        guard let found = known.first(where: FileManager.default.isExecutableFile(atPath:)) else {
            throw TestSupportError("convey is not built (looked for \(known))")
        }
        return found
    }

    private static func spawn(
        _ program: String, _ arguments: [String], environment: [String], output: String, log: String
    ) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        let write = O_WRONLY | O_CREAT | O_TRUNC
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, output, write, 0o644)
        posix_spawn_file_actions_addopen(&actions, 2, log, write, 0o644)
        // Sockets of the tests must not live on in it.
        for name in try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd") {
            if let descriptor = Int32(name), descriptor > 2 { posix_spawn_file_actions_addclose(&actions, descriptor) }
        }
        var processID: pid_t = 0
        let code = withCStrings(arguments) { arguments in
            withCStrings(environment) { environment in
                posix_spawn(&processID, program, &actions, nil, arguments, environment)
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
