import Foundation
import Glibc
import ProcessKit
import Synchronization

/// The end of a process.
package typealias ProcessEnd = ProcessKit.ProcessEnd

/// A process started by this one. It ends with this object or earlier.
public final class ChildProcess: Sendable {
    public let processID: pid_t
    private let end = Mutex<ProcessEnd?>(nil)

    /// Starts `program` with the file `input` as its standard input; its output goes to the files `output` and `log`.
    public init(
        _ program: String, _ arguments: [String], environment: [String: String] = ProcessInfo.processInfo.environment,
        input: String = "/dev/null", output: String = "/dev/null", log: String = "/dev/null"
    ) throws {
        var child = ChildProgram(
            path: program, arguments: arguments, environment: environment, output: .separate(output: output, log: log))
        child.input = input
        do {
            processID = try child.start()
        } catch {
            throw TestSupportError("cannot start \(program): \(error.message)")
        }
    }

    deinit { _ = kill() }

    /// How it ended; nil while it runs.
    package var ended: ProcessEnd? {
        end.withLock { end in
            if end == nil { end = ProcessEnd.reap(processID, waits: false) }
            return end
        }
    }

    public func send(signal: Int32) {
        // Not to a reaped id, which may belong to another process by now.
        end.withLock { end in
            if end == nil { _ = Glibc.kill(processID, signal) }
        }
    }

    /// SIGKILL: the process ends as in a crash.
    @discardableResult
    package func kill() -> ProcessEnd? {
        end.withLock { end in
            if end == nil {
                _ = Glibc.kill(processID, SIGKILL)
                end = ProcessEnd.reap(processID, waits: true)
            }
            return end
        }
    }
}
