import Foundation
import Glibc

/// A program that this process runs. It ends with this object at the latest, and with this process even when that is killed.
final class ChildProcess {
    let processID: pid_t
    let logFile: String
    private let name: String
    private var status: Int32?

    /// Starts `program` with its output and log appended to `logFile`.
    init(_ program: String, _ arguments: [String], environment: [String: String], logFile: String) throws {
        name = URL(fileURLWithPath: program).lastPathComponent
        self.logFile = logFile
        // setpriv replaces itself by the program, so the process id stays the one that was started.
        let command =
            Self.find("setpriv").map { [$0, "--pdeathsig", "KILL", "--", program] + arguments } ?? [program] + arguments
        processID = try Self.spawn(command, environment.map { "\($0.key)=\($0.value)" }, logFile)
    }

    deinit { kill() }

    /// The exit status once it has ended, 128 + number for a signal; nil while it runs.
    var exitStatus: Int32? {
        if status == nil { reap(WNOHANG) }
        return status
    }

    var log: String {
        guard let data = FileManager.default.contents(atPath: logFile) else { return "" }
        return String(decoding: data, as: UTF8.self)
    }

    /// SIGTERM; SIGKILL when it has not ended in time.
    /// - Returns: the exit status.
    @discardableResult
    func terminate(timeoutSeconds: Double) -> Int32 {
        guard exitStatus == nil else { return status ?? 0 }
        Glibc.kill(processID, SIGTERM)
        let deadline = Clock.now + Int64(timeoutSeconds * 1e9)
        while exitStatus == nil, Clock.now < deadline { Clock.sleep(milliseconds: 5) }
        kill()
        return status ?? 0
    }

    /// SIGKILL, as in a crash.
    func kill() {
        guard exitStatus == nil else { return }
        Glibc.kill(processID, SIGKILL)
        reap(0)
    }

    /// Waits until `condition` holds.
    /// - Throws: an error with the end of the program's log when it ends before, or the time is over.
    func wait(
        for what: String, timeoutSeconds: Double, everyMicroseconds: Int64 = 2_000, _ condition: () -> Bool
    ) throws {
        let deadline = Clock.now + Int64(timeoutSeconds * 1e9)
        while !condition() {
            try Interruption.check()
            if let exitStatus { throw BenchError("\(name) ended with status \(exitStatus):\n\(log.suffix(2_000))") }
            guard Clock.now < deadline else {
                throw BenchError("\(name): not \(what) within \(timeoutSeconds) s:\n\(log.suffix(2_000))")
            }
            Clock.sleep(until: Clock.now + everyMicroseconds * 1_000)
        }
    }

    /// The first program of that name on the `PATH` or where Debian puts daemons.
    static func find(_ name: String) -> String? {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
        let directories = path.split(separator: ":").map(String.init) + ["/usr/sbin", "/usr/local/sbin", "/usr/bin"]
        return directories.map { "\($0)/\(name)" }.first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    private func reap(_ options: Int32) {
        var result: Int32 = 0
        var found: pid_t
        repeat { found = waitpid(processID, &result, options) } while found < 0 && errno == EINTR
        guard found == processID else { return }
        status = result & 0x7f == 0 ? (result >> 8) & 0xff : 128 + (result & 0x7f)
    }

    /// In a process group of its own, so that a terminal's Ctrl-C reaches only this process, which then stops it in turn.
    private static func spawn(_ command: [String], _ environment: [String], _ logFile: String) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, logFile, O_WRONLY | O_CREAT | O_APPEND, 0o640)
        posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        posix_spawnattr_setpgroup(&attributes, 0)
        let flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK
        posix_spawnattr_setflags(&attributes, Int16(flags))

        let argv: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) } + [nil]
        let envp: [UnsafeMutablePointer<CChar>?] = environment.map { strdup($0) } + [nil]
        defer { (argv + envp).forEach { free($0) } }
        var processID: pid_t = 0
        let code = posix_spawn(&processID, command[0], &actions, &attributes, argv, envp)
        guard code == 0 else { throw BenchError.system("cannot start \(command[0])", code: code) }
        return processID
    }
}
