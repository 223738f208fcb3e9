import Foundation
import Glibc
import Synchronization

/// A real PostgreSQL on a free loopback port, with a cluster of its own. It ends with this object at the latest.
public final class PostgresServer: Sendable {
    public let port: Int
    /// Holds the cluster and `postgres.log`.
    public let directory: URL
    private let configuration: [String]
    private let process = Mutex<ChildProcess?>(nil)
    private let databases = Mutex(0)

    /// One for all tests of a process that leave it as it is.
    public static let shared: Result<PostgresServer, any Error> = Result {
        let server = try PostgresServer()
        // A static object is never released.
        atexit {
            guard case .success(let server) = PostgresServer.shared else { return }
            server.kill()
            try? FileManager.default.removeItem(at: server.directory)  // Only temporary files would remain.
        }
        return server
    }

    /// Makes a cluster, starts a server and waits until it takes connections.
    /// - Parameter configuration: further settings, as `name=value`.
    public init(configuration: [String] = []) throws {
        self.configuration = configuration
        port = try freePort()
        // Its path must be short: the socket's is limited to 107 bytes.
        directory = URL(fileURLWithPath: "/tmp/convey-pg-\(UUID().uuidString.prefix(8))", isDirectory: true)
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        if getuid() == 0 { try runProgram("chown", ["postgres", directory.path]) }
        // Without syncing its many files: only the server itself must be durable.
        let made = try run(
            "initdb", ["--no-sync", "-A", "trust", "-U", "convey", "-E", "UTF8", "--locale=C", "-D", data])
        guard made.status == 0 else { throw TestSupportError("initdb: \(made.output)") }
        try start()
    }

    deinit {
        kill()
        try? FileManager.default.removeItem(at: directory)  // Only litter would be left behind.
    }

    private var data: String { directory.path + "/data" }

    /// What the server has logged so far.
    public var log: String {
        (try? String(contentsOfFile: directory.path + "/postgres.log.err", encoding: .utf8)) ?? ""
    }

    /// The postmaster's process id while it runs.
    public var processID: Int32? { process.withLock { $0.flatMap { $0.ended == nil ? $0.processID : nil } } }

    /// Starts the server (again) and waits until it takes connections.
    public func start() throws {
        precondition(processID == nil, "PostgreSQL runs already")
        var arguments = ["-D", data, "-p", "\(port)", "-k", directory.path, "-h", "127.0.0.1"]
        for setting in configuration { arguments += ["-c", setting] }
        try waitUntil("PostgreSQL runs on port \(port)", seconds: 30) {
            if processID == nil {
                // Right after a crash the processes of the former server may not have ended yet.
                let child = try Self.child("postgres", arguments, output: directory.path + "/postgres.log")
                process.withLock { $0 = child }
            }
            return try run("pg_isready", ["-q", "-h", "127.0.0.1", "-p", "\(port)"]).status == 0
        }
    }

    /// Ends the server.
    /// - Parameter mode: SIGTERM waits for clients, SIGINT ends them, SIGQUIT is a crash that is told to the clients.
    public func stop(signal mode: Int32 = SIGINT) throws {
        guard let running = process.withLock({ $0 }) else { return }
        running.send(signal: mode)
        try waitUntil("PostgreSQL ends", seconds: 30) { running.ended != nil }
        process.withLock { $0 = nil }
    }

    /// SIGKILL: the postmaster ends as in a crash, and its processes notice.
    public func kill() {
        process.withLock { $0.take() }?.kill()
    }

    /// Makes an empty database.
    /// - Returns: its URL, by way of `port` where it is not the server's.
    public func createDatabase(through port: Int? = nil) throws -> String {
        let number = databases.withLock { count in
            count += 1
            return count
        }
        let name = "test\(number)"
        try execute("CREATE DATABASE \(name)", database: "postgres")
        return url(name, through: port)
    }

    /// The URL of a database of this server.
    public func url(_ database: String, through port: Int? = nil) -> String {
        "postgres://convey@127.0.0.1:\(port ?? self.port)/\(database)"
    }

    /// Runs SQL.
    /// - Returns: the rows, without headers.
    @discardableResult
    public func execute(_ sql: String, database: String) throws -> String {
        let result = try run(
            "psql",
            ["-X", "-q", "-A", "-t", "-h", "127.0.0.1", "-p", "\(port)", "-U", "convey", "-d", database, "-c", sql])
        guard result.status == 0 else { throw TestSupportError("\(sql): \(result.output)") }
        return result.output.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    // MARK: Programs

    private func run(_ program: String, _ arguments: [String]) throws -> (status: Int32, output: String) {
        let output = directory.path + "/\(UUID().uuidString).out"
        defer { for file in [output, output + ".err"] { try? FileManager.default.removeItem(atPath: file) } }
        let child = try Self.child(program, arguments, output: output)
        try waitUntil("\(program) ends", seconds: 60) { child.ended != nil }
        let text = [output, output + ".err"].map { (try? String(contentsOfFile: $0, encoding: .utf8)) ?? "" }.joined()
        guard case .exited(let status)? = child.ended else { return (-1, text) }
        return (status, text)
    }

    /// PostgreSQL does not run as root; a process that is root becomes the user `postgres`, by exec, so that signals reach the program.
    private static func child(_ program: String, _ arguments: [String], output: String) throws -> ChildProcess {
        let path = try path(of: program)
        var environment = ProcessInfo.processInfo.environment
        environment["LC_ALL"] = "C"
        guard getuid() == 0 else {
            return try ChildProcess(path, arguments, environment: environment, output: output, log: output + ".err")
        }
        return try ChildProcess(
            "/usr/bin/setpriv", ["--reuid=postgres", "--regid=postgres", "--clear-groups", path] + arguments,
            environment: environment, output: output, log: output + ".err")
    }

    private static func path(of program: String) throws -> String {
        let versions = (try? FileManager.default.contentsOfDirectory(atPath: "/usr/lib/postgresql")) ?? []
        for version in versions.sorted(by: { (Int($0) ?? 0) > (Int($1) ?? 0) }) {
            let path = "/usr/lib/postgresql/\(version)/bin/\(program)"
            if FileManager.default.isExecutableFile(atPath: path) { return path }
        }
        throw TestSupportError("PostgreSQL is not installed (looked for \(program) in /usr/lib/postgresql)")
    }
}
