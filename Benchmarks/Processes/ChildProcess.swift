import Foundation
import Glibc
import ProcessKit

/// A program that this process runs. It ends with this object or earlier, and also when this process is killed.
final class ChildProcess {
    let processID: pid_t
    let logFile: String
    private let name: String
    private var end: ProcessEnd?

    /// Starts `program` with its output and log appended to `logFile`, in a process group of its own, so that a terminal's
    /// Ctrl-C reaches only this process, which then stops it in turn.
    /// - Parameter processors: the processors it may use; nil for all that this process may use.
    init(
        _ program: String, _ arguments: [String], environment: [String: String], logFile: String,
        processors: ProcessorSet? = nil
    ) throws {
        name = URL(fileURLWithPath: program).lastPathComponent
        self.logFile = logFile
        var command = [program] + arguments
        if let processors { command = try processors.wrap(command) }
        // setpriv and taskset replace themselves with the program, so the process id stays the same.
        if let setpriv = ChildProgram.find("setpriv") { command = [setpriv, "--pdeathsig", "KILL", "--"] + command }
        var child = ChildProgram(
            path: command[0], arguments: Array(command.dropFirst()), environment: environment,
            output: .appended(to: logFile))
        child.ownsGroup = true
        do {
            processID = try child.start()
        } catch {
            throw BenchError.system("cannot start \(command[0])", code: error.code)
        }
    }

    deinit { kill() }

    /// The exit status once it has ended, 128 + number for a signal; nil while it runs.
    var exitStatus: Int32? {
        if end == nil { end = ProcessEnd.reap(processID, waits: false) }
        return end?.status
    }

    var log: String {
        guard let data = FileManager.default.contents(atPath: logFile) else { return "" }
        return String(decoding: data, as: UTF8.self)
    }

    /// Sends SIGTERM, and SIGKILL if it does not end in time.
    /// - Returns: the exit status.
    @discardableResult
    func terminate(timeoutSeconds: Double) -> Int32 {
        guard exitStatus == nil else { return end?.status ?? 0 }
        Glibc.kill(processID, SIGTERM)
        let deadline = Clock.now + Int64(timeoutSeconds * 1e9)
        while exitStatus == nil, Clock.now < deadline { Clock.sleep(milliseconds: 5) }
        kill()
        return end?.status ?? 0
    }

    /// SIGKILL: the process ends as in a crash.
    func kill() {
        guard exitStatus == nil else { return }
        Glibc.kill(processID, SIGKILL)
        end = ProcessEnd.reap(processID, waits: true)
    }

    /// Waits until `condition` holds.
    /// - Throws: an error with the end of the program's log if the program ends first, or the time is over.
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

    /// Waits until it has ended with status 0.
    func waitForEnd(timeoutSeconds: Double) throws {
        let deadline = Clock.now + Int64(timeoutSeconds * 1e9)
        while exitStatus == nil {
            guard Clock.now < deadline else { throw BenchError("\(name) has not ended within \(timeoutSeconds) s") }
            Clock.sleep(milliseconds: 1)
        }
        guard exitStatus == 0 else { throw BenchError("\(name) ended with status \(exitStatus ?? -1):\n\(log)") }
    }
}
