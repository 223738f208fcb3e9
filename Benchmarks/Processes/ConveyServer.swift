import Foundation

/// A `convey serve` of its own.
final class ConveyServer {
    struct Program {
        /// The binary.
        var path: String
        /// Further flags for `convey serve`.
        var flags: [String]
        /// The processors that the broker and Convey share; nil for all.
        var processors: ProcessorSet?
        /// Shards of a new journal.
        var shards = 1

        /// Versions without shards do not have the flag.
        var shardFlags: [String] { shards > 1 ? ["--journal-shards", String(shards)] : [] }
    }

    let dataDirectory: String
    /// From the start of the process until `/readyz` said yes.
    let secondsUntilReady: Double
    private let process: ChildProcess
    /// Where it serves HTTP.
    let httpPort: UInt16

    private static let startTimeoutSeconds = 60.0
    private static let stopTimeoutSeconds = 60.0

    /// Starts it and waits until it takes signals.
    /// - Parameters:
    ///   - directory: for the journal and the log.
    ///   - flags: for this scenario; the user's follow and win.
    init(_ program: Program, broker: Broker, directory: String, flags: [String] = []) throws {
        dataDirectory = "\(directory)/data"
        let httpPort = try Loopback.freePort()
        self.httpPort = httpPort
        let arguments = [
            "serve", "--broker", "mqtt://127.0.0.1:\(broker.port)", "--data", dataDirectory, "--http",
            "127.0.0.1:\(httpPort)", "--node", "bench", "--log-level", "warning",
        ]
        let environment = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("CONVEY_") }
        let start = Clock.now
        process = try ChildProcess(
            program.path, arguments + program.shardFlags + flags + program.flags, environment: environment,
            logFile: "\(directory)/convey.log", processors: program.processors)
        try process.wait(for: "ready", timeoutSeconds: Self.startTimeoutSeconds) {
            Loopback.get("/readyz", port: httpPort)?.status == 200
        }
        secondsUntilReady = Double(Clock.now - start) / 1e9
    }

    var processID: Int32 { process.processID }

    func metrics() throws -> Metrics {
        guard let answer = Loopback.get("/metrics", port: httpPort), answer.status == 200 else {
            throw BenchError("convey does not serve /metrics:\n\(process.log.suffix(2_000))")
        }
        return Metrics(text: answer.body)
    }

    /// The answer to a GET; nil if nobody answers.
    func get(_ path: String) -> (status: Int, body: String)? { Loopback.get(path, port: httpPort) }

    /// Waits until a counter reaches a value.
    func wait(for counter: String, toReach count: Int) throws {
        let deadline = Clock.now + Int64(Self.stopTimeoutSeconds * 1e9)
        while true {
            let value = Int(try metrics()[counter])
            if value >= count { return }
            try Interruption.check()
            guard Clock.now < deadline else { throw BenchError("\(counter) is \(value), and not \(count)") }
            Clock.sleep(milliseconds: 5)
        }
    }

    var residentBytes: Int { ProcessFiles.residentBytes(of: processID) ?? 0 }
    var openFiles: Int { ProcessFiles.openFiles(of: processID) }

    /// Stops it, after a check of its counters.
    /// - Parameter hasCrashed: an earlier process on this journal was killed, so the broker may have delivered again.
    /// - Returns: the last metrics.
    /// - Throws: if it lost, refused or repeated something, logged an error, or did not end cleanly.
    @discardableResult
    func stop(hasCrashed: Bool = false) throws -> Metrics {
        let metrics = try metrics()
        let status = process.terminate(timeoutSeconds: Self.stopTimeoutSeconds)
        guard status == 0 else { throw BenchError("convey ended with status \(status):\n\(process.log.suffix(2_000))") }
        try checkLog()
        for name in Metrics.mustBeZero where metrics[name] != 0 {
            if hasCrashed, name == Metrics.duplicates { continue }
            throw BenchError("convey counted \(metrics[name]) in \(name):\n\(process.log.suffix(2_000))")
        }
        return metrics
    }

    /// SIGKILL: the process ends as in a crash.
    func kill() { process.kill() }

    /// Its warnings.
    var warnings: [String] { Self.lines(of: process.log, levels: ["warning"]) }

    func checkLog() throws {
        let errors = Self.lines(of: process.log, levels: ["error", "critical"])
        guard errors.isEmpty else {
            throw BenchError("convey logged \(errors.count) errors:\n\(errors.prefix(5).joined(separator: "\n"))")
        }
    }

    /// Log lines are `TIME LEVEL LABEL: …`.
    static func lines(of log: String, levels: Set<String>) -> [String] {
        log.split(whereSeparator: \.isNewline).map(String.init).filter { line in
            let words = line.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: true)
            return words.count < 2 || levels.contains(String(words[1]))
        }
    }
}
