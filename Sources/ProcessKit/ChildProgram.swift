import Foundation
import Glibc

/// A program to run as a child of this process.
///
/// Not Foundation's `Process`, which passes on the calling thread's signal mask: threads of the cooperative pool block
/// SIGTERM, so a child started by an async function would ignore it.
package struct ChildProgram {
    /// The destination of a child's standard output and standard error.
    package enum Output {
        /// Both to the end of one file.
        case appended(to: String)
        /// Each to a file that is emptied first.
        case separate(output: String, log: String)
    }

    package var path: String
    /// Without the program's own name.
    package var arguments: [String]
    package var environment: [String: String]
    /// The file for standard input.
    package var input = "/dev/null"
    package var output: Output
    /// In its own process group it does not get the signals of a terminal, such as Ctrl-C.
    package var ownsGroup = false

    package init(path: String, arguments: [String], environment: [String: String], output: Output) {
        self.path = path
        self.arguments = arguments
        self.environment = environment
        self.output = output
    }

    /// Starts it. It inherits only the three standard files, and neither blocked nor ignored signals.
    package func start() throws(SpawnError) -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        add(to: &actions)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        set(&attributes)

        let argv: [UnsafeMutablePointer<CChar>?] = ([path] + arguments).map { strdup($0) } + [nil]
        let envp: [UnsafeMutablePointer<CChar>?] = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { (argv + envp).forEach { free($0) } }
        var processID: pid_t = 0
        let code = posix_spawn(&processID, path, &actions, &attributes, argv, envp)
        guard code == 0 else { throw SpawnError(code: code) }
        return processID
    }

    /// The first program of that name on the `PATH` or where Debian puts daemons.
    package static func find(_ name: String) -> String? {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
        let directories = path.split(separator: ":").map(String.init) + ["/usr/sbin", "/usr/local/sbin", "/usr/bin"]
        return directories.map { "\($0)/\(name)" }.first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    private func add(to actions: inout posix_spawn_file_actions_t) {
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, input, O_RDONLY, 0)
        switch output {
        case .appended(let file):
            posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, file, O_WRONLY | O_CREAT | O_APPEND, 0o640)
            posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO)
        case .separate(let output, let log):
            let write = O_WRONLY | O_CREAT | O_TRUNC
            posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, output, write, 0o644)
            posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, log, write, 0o644)
        }
        for descriptor in Self.openDescriptors() { posix_spawn_file_actions_addclose(&actions, descriptor) }
    }

    private func set(_ attributes: inout posix_spawnattr_t) {
        var signals = sigset_t()
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        var flags = POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK
        if ownsGroup {
            posix_spawnattr_setpgroup(&attributes, 0)
            flags |= POSIX_SPAWN_SETPGROUP
        }
        posix_spawnattr_setflags(&attributes, Int16(flags))
    }

    /// The open files of this process except the standard ones. Ours are close-on-exec; libraries' may not be.
    private static func openDescriptors() -> [Int32] {
        // Without /proc nothing can be done.
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? []
        return names.compactMap { Int32($0) }.filter { $0 > STDERR_FILENO }
    }
}
