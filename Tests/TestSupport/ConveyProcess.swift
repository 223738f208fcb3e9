import Foundation
import Glibc

/// The built `convey` binary as a process of its own. It ends with this object or earlier.
public final class ConveyProcess: Sendable {
    private let process: ChildProcess
    private let outputFile: URL
    private let logFile: URL
    private let isWrapped: Bool

    /// Starts `convey` with `arguments`; its output goes to files in `directory` named after `name`.
    ///
    /// - Parameters:
    ///   - environment: added to this process's environment, whose own `CONVEY_` variables are left out.
    ///   - input: the file that it reads as standard input.
    ///   - wrapper: a program with arguments that starts it as its only child and ends as it does.
    public init(
        _ arguments: [String], environment: [String: String] = [:], input: String = "/dev/null", in directory: URL,
        name: String, under wrapper: [String] = []
    ) throws {
        isWrapped = !wrapper.isEmpty
        outputFile = directory.appendingPathComponent("\(name).out")
        logFile = directory.appendingPathComponent("\(name).log")
        let inherited = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("CONVEY_") }
        let command = wrapper + [try Self.binary()] + arguments
        process = try ChildProcess(
            command[0], Array(command.dropFirst()), environment: inherited.merging(environment) { $1 }, input: input,
            output: outputFile.path, log: logFile.path)
    }

    /// Its standard output so far.
    public var output: String { Self.text(outputFile) }

    /// Its standard error so far.
    public var log: String { Self.text(logFile) }

    /// Convey's process id, also under a wrapper; the wrapper's before it has started Convey.
    public var processID: pid_t {
        let id = process.processID
        guard isWrapped, let children = try? String(contentsOfFile: "/proc/\(id)/task/\(id)/children", encoding: .utf8)
        else { return id }
        return children.split(separator: " ").first.flatMap { pid_t($0) } ?? id
    }

    /// How it ended; nil while it runs.
    package var ended: ProcessEnd? { process.ended }

    public func send(signal: Int32) {
        guard isWrapped else { return process.send(signal: signal) }
        if process.ended == nil { _ = Glibc.kill(processID, signal) }
    }

    /// SIGKILL: the process ends as in a crash.
    @discardableResult
    package func kill() -> ProcessEnd? { process.kill() }

    private static func text(_ file: URL) -> String {
        guard let data = FileManager.default.contents(atPath: file.path) else { return "" }
        return String(decoding: data, as: UTF8.self)
    }

    /// Next to the running test bundle, where the package manager puts both.
    package static func binary() throws -> String {
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
}
