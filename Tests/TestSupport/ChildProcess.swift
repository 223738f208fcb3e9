import Foundation
import Glibc
import ProcessKit
import Synchronization

/// How a process ended.
package typealias ProcessEnd = ProcessKit.ProcessEnd

/// A process that this one started. It ends with this object or earlier.
public final class ChildProcess: Sendable {
    public let processID: pid_t
    private let end = Mutex<ProcessEnd?>(nil)

    /// Starts `program`; it reads the file `input`, and what it writes goes to the files `output` and `log`.
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
        // Not to an id that has been reaped: it may belong to somebody else by now.
        end.withLock { end in
            if end == nil { _ = Glibc.kill(processID, signal) }
        }
    }

    /// SIGKILL: it ends as in a crash.
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
