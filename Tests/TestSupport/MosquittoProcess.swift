import Foundation
import Glibc

/// A real mosquitto on a free loopback port, with its own directory for configuration, log and persistence. It ends
/// with this object or earlier.
public final class MosquittoProcess {
    /// Holds `mosquitto.conf`, `mosquitto.log` and, with persistence, `mosquitto.db`.
    public let directory: URL
    public let port: Int
    private var process: ChildProcess?

    /// Starts a broker and waits until it accepts connections.
    ///
    /// - Parameters:
    ///   - configuration: lines added to the configuration. Without a `listener` line one is made for `port`.
    ///   - allowAnonymous: writes `allow_anonymous true`.
    ///   - persistence: keeps sessions and messages in `directory` across `terminate()` and `start()`; what `kill()`
    ///     loses depends on `autosave_interval`.
    public init(configuration: [String] = [], allowAnonymous: Bool = true, persistence: Bool = false) throws {
        directory = FileManager.default.temporaryDirectory
            .appendingPathComponent("mosquitto-\(UUID().uuidString)", isDirectory: true)
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        port = try freePort()
        var lines = configuration
        if !lines.contains(where: { $0.hasPrefix("listener") }) { lines.insert("listener \(port) 127.0.0.1", at: 0) }
        lines = lines.map {
            $0.replacingOccurrences(of: "$PORT", with: "\(port)").replacingOccurrences(of: "$DIR", with: directory.path)
        }
        lines.append("allow_anonymous \(allowAnonymous)")
        lines.append("persistence \(persistence)")
        if persistence { lines.append("persistence_location \(directory.path)/") }
        // Started by root, mosquitto would become the user mosquitto and not have access to the directory.
        lines.append("user \(NSUserName())")
        lines.append("log_dest file \(directory.path)/mosquitto.log")
        lines.append("log_type all")
        try lines.joined(separator: "\n").write(
            to: directory.appendingPathComponent("mosquitto.conf"), atomically: true, encoding: .utf8)
        try start()
    }

    deinit {
        kill()
        try? FileManager.default.removeItem(at: directory)  // Only temporary files would remain.
    }

    /// The broker's log so far.
    public var log: String {
        (try? String(contentsOf: directory.appendingPathComponent("mosquitto.log"), encoding: .utf8)) ?? ""
    }

    /// The broker's process id while it runs.
    public var processID: Int32? { process.flatMap { $0.ended == nil ? $0.processID : nil } }

    /// Starts it (again) with the same configuration and directory, and waits until it accepts connections.
    public func start() throws {
        precondition(processID == nil, "mosquitto runs already")
        let known = ["/usr/sbin/mosquitto", "/usr/local/sbin/mosquitto", "/usr/bin/mosquitto"]
        guard let program = known.first(where: FileManager.default.isExecutableFile(atPath:)) else {
            throw TestSupportError("mosquitto is not installed (looked in \(known))")
        }
        let starts = startCount
        let process = try ChildProcess(
            program, ["-c", directory.appendingPathComponent("mosquitto.conf").path])
        self.process = process
        // It listens before it has loaded its certificates, so a successful connection is not enough.
        try waitUntil("mosquitto runs on port \(port)") {
            guard process.ended == nil else { throw TestSupportError("mosquitto ended at once:\n\(log)") }
            return startCount > starts
        }
    }

    /// How often this broker has reported that it is ready.
    private var startCount: Int {
        log.split(separator: "\n").count { $0.contains("mosquitto version") && $0.hasSuffix("running") }
    }

    /// SIGTERM: the broker saves its persistence and ends.
    public func terminate() throws {
        guard let process else { return }
        process.send(signal: SIGTERM)
        try waitUntil("mosquitto ends after SIGTERM") { process.ended != nil }
        self.process = nil
    }

    /// SIGKILL: the broker ends as in a crash.
    public func kill() {
        process?.kill()
        process = nil
    }
}
